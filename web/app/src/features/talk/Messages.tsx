// The messages of a chat: only so many are on the page, the place is kept while others come, and what is on its way
// stands below.
import { dataOf } from "@peerpack/client";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useClient, useUser } from "../../live/index.tsx";
import { useTalkTexts } from "../../texts/talk.ts";
import { Button, Skeletons } from "../../ui/index.ts";
import { Bubble, OnTheirWay, useWaiting } from "./Bubble.tsx";
import { type Chat, type Message, useChatEvents, useFreshChats } from "./chats.ts";

/** Messages that are asked for at once. */
const PAGE = 50;
/** The most that are on the page; those at the other end go first. */
const MOST = 200;
/** So near to the end one is at the end. */
const NEAR_PX = 80;
/** The height of a picture before it is there, as the style has it. */
const PICTURE_PX = 80;

interface Window {
  /** In order, without a gap; nothing before the first answer. */
  messages: readonly Message[] | undefined;
  hasOlder: boolean;
  hasNewer: boolean;
}

export function Messages({ chat }: { chat: Chat }) {
  const t = useTalkTexts();
  const { api, live } = useClient();
  const fresh = useFreshChats();
  const user = useUser();
  const [{ messages, hasOlder, hasNewer }, set] = useState<Window>({
    messages: undefined,
    hasOlder: false,
    hasNewer: false,
  });
  const [readByOther, setReadByOther] = useState(chat.other_read_up_to);
  // What was new when one came; the line stays where it was.
  const [newFrom, setNewFrom] = useState<number>();
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const hasBegun = useRef(false);
  const hasMissed = useRef(false);
  const isThere = messages !== undefined;
  /** Something new has come below what one reads. */
  const [isMoreBelow, setIsMoreBelow] = useState(false);
  /** Where the first message stood before older ones came above it. */
  const anchor = useRef<number>(undefined);

  const page = useCallback(
    async (query: { before?: string; after?: string }) => {
      const params = { path: { chat_id: chat.id }, query: { ...query, limit: PAGE, peek: true } };
      return dataOf(await api.GET("/api/chats/{chat_id}/messages", { params })).data;
    },
    [api, chat.id],
  );
  const loadLatest = useCallback(async () => {
    const found = await page({});
    isAtEnd.current = true;
    set({ messages: found, hasOlder: found.length === PAGE, hasNewer: false });
  }, [page]);
  // How far one has read is asked anew: what was kept of the chat may be from before.
  const begin = useCallback(async () => {
    const params = { path: { chat_id: chat.id } };
    const { data: now } = await api.GET("/api/chats/{chat_id}", { params });
    const { unread, read_up_to } = now?.data ?? { unread: 0, read_up_to: 0 };
    if (unread > 0) setNewFrom(read_up_to + 1);
    if (unread <= PAGE) return loadLatest();
    const found = await page({ after: String(read_up_to) });
    set({ messages: found, hasOlder: read_up_to > 0, hasNewer: found.length === PAGE });
  }, [api, chat.id, page, loadLatest]);
  useEffect(() => void begin().catch(() => undefined), [begin]);

  const loadOlder = async () => {
    const first = messages?.[0];
    if (!first) return;
    const found = await page({ before: String(first.seq) });
    anchor.current = (box.current?.scrollHeight ?? 0) - (box.current?.scrollTop ?? 0);
    set(now => {
      const all = [...found, ...(now.messages ?? [])];
      const cut = all.length > MOST;
      return { messages: all.slice(0, MOST), hasOlder: found.length === PAGE, hasNewer: cut || now.hasNewer };
    });
  };
  const loadNewer = useCallback(async () => {
    const last = messages?.at(-1);
    const found = await page(last ? { after: String(last.seq) } : {});
    set(now => {
      const known = now.messages?.at(-1)?.seq ?? 0;
      const all = [...(now.messages ?? []), ...found.filter(one => one.seq > known)];
      const cut = all.length > MOST;
      return { messages: all.slice(-MOST), hasOlder: cut || now.hasOlder, hasNewer: found.length === PAGE };
    });
    fresh();
  }, [messages, page, fresh]);

  useChatEvents(
    chat.id,
    useCallback(
      event => {
        if (event.type === "chat.read" && event.data.user_id !== user?.id) {
          setReadByOther(now => Math.max(now, event.data.up_to));
        } else if (event.type !== "chat.message" && event.type !== "chat.more") {
          return;
        } else if (!isThere) {
          hasMissed.current = true;
        } else if (!hasNewer) {
          if (!isAtEnd.current) setIsMoreBelow(true);
          void loadNewer().catch(() => undefined);
        }
      },
      [user, isThere, hasNewer, loadNewer],
    ),
  );
  // What came while the first messages were read.
  useEffect(() => {
    if (!isThere || !hasMissed.current) return;
    hasMissed.current = false;
    void loadNewer().catch(() => undefined);
  }, [isThere, loadNewer]);

  // The place is kept: at the end one stays at the end, otherwise what one reads does not move.
  const keepEnd = useCallback(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, []);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !messages) return;
    const line = hasBegun.current ? null : element.querySelector<HTMLElement>(".talk-line");
    hasBegun.current = true;
    if (line) {
      // One goes on reading where one stopped.
      element.scrollTop += line.getBoundingClientRect().top - element.getBoundingClientRect().top;
      isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
    } else if (anchor.current !== undefined) {
      element.scrollTop = element.scrollHeight - anchor.current;
      anchor.current = undefined;
    } else {
      keepEnd();
    }
  }, [messages, keepEnd]);
  // What one says is in sight.
  const waiting = useWaiting(chat.id, messages ?? []);
  const latest = waiting.at(-1)?.id;
  useLayoutEffect(() => {
    if (latest === undefined) return;
    isAtEnd.current = true;
    setIsMoreBelow(false);
    if (hasNewer) void loadLatest().catch(() => undefined);
  }, [latest, hasNewer, loadLatest]);
  const look = waiting.map(({ id, state }) => `${id} ${state}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn has changed
  useLayoutEffect(keepEnd, [keepEnd, look]);
  // What one writes takes room from what one reads.
  useEffect(() => {
    if (!isThere || !box.current) return;
    const observer = new ResizeObserver(keepEnd);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [isThere, keepEnd]);

  const lastSeq = messages?.at(-1)?.seq ?? 0;
  const tellRead = useCallback(() => {
    if (!isAtEnd.current || hasNewer || lastSeq === 0 || document.hidden) return;
    live.say({ type: "chat.read", data: { chat_id: chat.id, up_to: lastSeq } });
  }, [live, chat.id, lastSeq, hasNewer]);
  useEffect(() => {
    tellRead();
    document.addEventListener("visibilitychange", tellRead);
    return () => document.removeEventListener("visibilitychange", tellRead);
  }, [tellRead]);

  if (!messages) return <Skeletons count={3} />;
  const firstNew = newFrom && messages.find(({ seq }) => seq >= newFrom)?.seq;
  const goToEnd = () => {
    isAtEnd.current = true;
    keepEnd();
    tellRead();
    setIsMoreBelow(false);
  };
  const list = (
    <div
      ref={box}
      className="talk-messages"
      role="log"
      aria-label={t.chat}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
      tabIndex={0}
      onScroll={event => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
        if (isAtEnd.current) setIsMoreBelow(false);
        tellRead();
      }}
      // A picture takes its room when it is there, and must not move what one reads.
      onLoadCapture={({ target, currentTarget }) => {
        const [picture, here] = [(target as Element).getBoundingClientRect(), currentTarget];
        const isAbove = picture.top < here.getBoundingClientRect().top;
        if (isAbove && !isAtEnd.current) here.scrollTop += picture.height - PICTURE_PX;
        keepEnd();
      }}
    >
      {hasOlder && (
        <Button kind="quiet" onPress={() => void loadOlder().catch(() => undefined)}>
          {t.older}
        </Button>
      )}
      {messages.map(message => (
        <div key={message.id}>
          {message.seq === firstNew && <p className="talk-line">{t.unread}</p>}
          <Bubble
            message={message}
            isOwn={message.sender_id === user?.id}
            isRead={message.seq <= readByOther}
          />
        </div>
      ))}
      {hasNewer ? (
        <div>
          <Button
            kind="quiet"
            onPress={() => {
              isAtEnd.current = false;
              void loadNewer().catch(() => undefined);
            }}
          >
            {t.more}
          </Button>
          <Button kind="quiet" onPress={() => void loadLatest().catch(() => undefined)}>
            {t.latest}
          </Button>
        </div>
      ) : (
        <OnTheirWay commands={waiting} />
      )}
    </div>
  );
  return (
    <div className="talk-middle">
      {list}
      {isMoreBelow && !hasNewer && (
        <Button kind="plain" onPress={goToEnd}>
          {t.latest}
        </Button>
      )}
    </div>
  );
}
