// The board: what people say to everybody, and the way to what they tie to it.
import { type components, dataOf } from "@peerpack/client";
import { useState } from "react";
import { useLocation } from "wouter";
import { useClient, useGive, useRead, useUser } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { useTalkTexts } from "../../texts/talk.ts";
import {
  Button,
  Empty,
  LinkButton,
  LoadedList,
  Note,
  PersonRow,
  Screen,
  Segments,
  SureButton,
  TextField,
  useAttempt,
  useSay,
} from "../../ui/index.ts";
import WriteButton from "../../ui/TalkLink.tsx";

type Post = components["schemas"]["Post"];

/** Posts that are asked for at once. */
const PAGE = 20;

export default function BoardScreen() {
  const t = useTalkTexts();
  const { api } = useClient();
  const [, go] = useLocation();
  const [whose, setWhose] = useState<"all" | "mine">("all");
  const [pages, setPages] = useState(1);
  const found = useRead(["posts", whose, pages], async () => {
    const posts: Post[] = [];
    let cursor: string | undefined;
    for (let n = 0; n < pages; n++) {
      const query = {
        limit: PAGE,
        ...(cursor ? { cursor } : {}),
        ...(whose === "mine" ? { mine: true } : {}),
      };
      const page = dataOf(await api.GET("/api/posts", { params: { query } }));
      posts.push(...page.posts);
      cursor = page.next_cursor ?? undefined;
      if (!cursor) break;
    }
    return { posts, hasMore: cursor !== undefined };
  });
  const refresh = () => void found.refetch();
  return (
    <Screen title={t.board} onBack={() => go("/me")}>
      <NewPost onDone={refresh} />
      <Segments
        label={t.board}
        value={whose}
        onChange={setWhose}
        segments={[
          { value: "all", title: t.all },
          { value: "mine", title: t.mine },
        ]}
      />
      <LoadedList
        read={{ ...found, data: found.data?.posts }}
        empty={<Empty title={t.noPosts} hint={t.noPostsHint} />}
      >
        {post => <PostCard post={post} refresh={refresh} />}
      </LoadedList>
      {found.data?.hasMore && (
        <Button kind="quiet" onPress={() => setPages(pages + 1)}>
          {t.more}
        </Button>
      )}
    </Screen>
  );
}

function NewPost({ onDone }: { onDone: () => void }) {
  const t = useTalkTexts();
  const give = useGive();
  const [isOpen, setIsOpen] = useState(false);
  const [text, setText] = useState("");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const { attempt, isBusy, problem } = useAttempt();
  if (!isOpen) return <Button onPress={() => setIsOpen(true)}>{t.newPost}</Button>;
  const put = () =>
    attempt(async () => {
      const body = { text, ...(from.trim() ? { from } : {}), ...(to.trim() ? { to } : {}) };
      await give({ kind: "post.put", subject: text, method: "POST", path: "/api/posts", body });
      setIsOpen(false);
      setText("");
      onDone();
    });
  return (
    <section className="card">
      {problem && <Note tone="bad">{problem.message}</Note>}
      <TextField isLong label={t.postText} value={text} onChange={setText} maxLength={2_000} />
      <TextField label={t.postFrom} value={from} onChange={setFrom} maxLength={200} />
      <TextField label={t.postTo} value={to} onChange={setTo} maxLength={200} />
      <Button isDisabled={text.trim() === ""} isBusy={isBusy} onPress={() => void put()}>
        {t.post}
      </Button>
    </section>
  );
}

function PostCard({ post, refresh }: { post: Post; refresh: () => void }) {
  const t = useTalkTexts();
  const { place, when } = useTexts();
  const user = useUser();
  const give = useGive();
  const say = useSay();
  const { attempt, isBusy, problem } = useAttempt();
  const [isReporting, setIsReporting] = useState(false);
  const [reason, setReason] = useState("");
  const isOwn = post.author_id === user?.id;
  const remove = () =>
    attempt(async () => {
      await give({ kind: "post.delete", subject: post.id, method: "DELETE", path: `/api/posts/${post.id}` });
      refresh();
    });
  const report = () =>
    attempt(async () => {
      const path = `/api/posts/${post.id}/report`;
      await give({ kind: "post.report", subject: post.id, method: "POST", path, body: { reason } });
      setIsReporting(false);
      say(t.reported, "good");
    });
  const way = [post.from, post.to].flatMap(end => (end ? [place(end)] : []));
  return (
    <article className="card">
      <PersonRow name={post.author_name} url={post.author_avatar} about={when(post.created_at)} />
      {way.length > 0 && <span className="strong">{way.join(" → ")}</span>}
      <p style={{ whiteSpace: "pre-wrap" }}>{post.text}</p>
      {post.picture_url && (
        <img src={post.picture_url} alt={t.picture} loading="lazy" style={{ maxWidth: "100%" }} />
      )}
      {post.status === "hidden" && (
        <Note tone="warm">
          {t.hidden}
          {post.reason && `: ${post.reason}`}
        </Note>
      )}
      {problem && <Note tone="bad">{problem.message}</Note>}
      {isOwn ? (
        <SureButton question={t.removeQuestion} yes={t.remove} isBusy={isBusy} onYes={() => void remove()}>
          {t.remove}
        </SureButton>
      ) : (
        <>
          <div className="row wrap">
            {post.trip_id && <LinkButton to={`/trip/${post.trip_id}`}>{t.askTrip}</LinkButton>}
            {post.package_id && <LinkButton to="/parcels">{t.askPackage}</LinkButton>}
            <WriteButton to={{ other_user_id: post.author_id }} />
            <Button kind="quiet" onPress={() => setIsReporting(!isReporting)}>
              {t.report}
            </Button>
          </div>
          {isReporting && (
            <>
              <TextField label={t.reportWhy} value={reason} onChange={setReason} maxLength={2_000} />
              <Button isDisabled={reason.trim() === ""} isBusy={isBusy} onPress={() => void report()}>
                {t.reportSend}
              </Button>
            </>
          )}
        </>
      )}
    </article>
  );
}
