// Ways to chats from other screens.
import { type components, dataOf } from "@peerpack/client";
import { Link, useLocation } from "wouter";
import { useClient, useRead } from "../live/index.tsx";
import { useTalkTexts } from "../texts/talk.ts";
import { Button } from "./buttons.tsx";
import { useAttempt } from "./feedback.tsx";
import { Note } from "./marks.tsx";
import "./talk.css";

/** Whom one writes to: a person, the person who travels, or the other party of a request. */
type Whom = { other_user_id: string } | { trip_id: string } | { request_id: string };

/** Opens the chat with somebody. */
export default function WriteButton({ to }: { to: Whom }) {
  const t = useTalkTexts();
  const { api } = useClient();
  const [, go] = useLocation();
  const { attempt, isBusy, problem } = useAttempt();
  const open = () =>
    attempt(async () => {
      const chat = dataOf(await api.POST("/api/chats", { body: to })).data;
      go(`/chat/${chat.id}`);
    });
  return (
    <>
      {problem && <Note tone="bad">{problem.message}</Note>}
      <Button kind="plain" isBusy={isBusy} onPress={() => void open()}>
        {t.write}
      </Button>
    </>
  );
}

type Chats = components["schemas"]["Chats"];

/** Leads to one's chats and to the board. */
export function TalkLinks() {
  const t = useTalkTexts();
  const { api } = useClient();
  const chats = useRead(["chats"], async (): Promise<Chats> => dataOf(await api.GET("/api/chats")));
  const unread = chats.data?.unread ?? 0;
  return (
    <div className="row wrap">
      <Link href="/chats" className="button" data-kind="plain">
        {t.chats}
        {unread > 0 && (
          <span className="badge talk-count" role="img" aria-label={t.unreadCount(unread)}>
            {unread}
          </span>
        )}
      </Link>
      <Link href="/board" className="button" data-kind="plain">
        {t.board}
      </Link>
    </div>
  );
}
