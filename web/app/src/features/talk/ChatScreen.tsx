// One chat: its messages, what is on its way, and what one may do about the other one.
import { dataOf } from "@peerpack/client";
import { useCallback, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { useClient, useGive, useRead, useUser } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { useTalkTexts } from "../../texts/talk.ts";
import {
  Avatar,
  Button,
  Loaded,
  Note,
  Screen,
  SureButton,
  TextField,
  useAttempt,
  useSay,
} from "../../ui/index.ts";
import { Composer } from "./Composer.tsx";
import { type Chat, otherOf, useChatEvents, useFreshChats, useWhispers } from "./chats.ts";
import { Messages } from "./Messages.tsx";
import "../../ui/talk.css";

/** How long somebody counts as writing after they were last said to be. */
const TYPING_MS = 6_000;

export default function ChatScreen({ id }: { id: string }) {
  const t = useTalkTexts();
  const { api } = useClient();
  const [, go] = useLocation();
  const chat = useRead(["chat", id], async () =>
    dataOf(await api.GET("/api/chats/{chat_id}", { params: { path: { chat_id: id } } })),
  );
  return (
    <Screen title={t.chat} onBack={() => go("/chats")}>
      <Loaded read={chat}>{({ data }) => <Talk chat={data} refresh={() => void chat.refetch()} />}</Loaded>
    </Screen>
  );
}

function Talk({ chat, refresh }: { chat: Chat; refresh: () => void }) {
  const t = useTalkTexts();
  const user = useUser();
  const [isOpen, setIsOpen] = useState(false);
  const other = otherOf(chat, user?.id);
  return (
    <div className="talk">
      <div className="row">
        <Other chat={chat} name={other.display_name} url={other.avatar_url} lastSeen={other.last_seen} />
        {!chat.blocked && (
          <button
            type="button"
            className="button"
            data-kind="quiet"
            aria-expanded={isOpen}
            onClick={() => setIsOpen(!isOpen)}
          >
            {t.more}
          </button>
        )}
      </div>
      {(isOpen || chat.blocked) && <Actions chat={chat} refresh={refresh} />}
      <p className="small dim">{t.beware}</p>
      <Messages chat={chat} />
      {chat.blocked ? <Note tone="warm">{t.blocked}</Note> : <Composer chatId={chat.id} />}
    </div>
  );
}

interface OtherProps {
  chat: Chat;
  name: string;
  url: string;
  lastSeen: string | null | undefined;
}

/** Who one talks to, and whether they are there, or write. */
function Other({ chat, name, url, lastSeen }: OtherProps) {
  const t = useTalkTexts();
  const { when } = useTexts();
  const { live } = useClient();
  const user = useUser();
  const [isOnline, setIsOnline] = useState(false);
  const [typedAt, setTypedAt] = useState<number>();
  useEffect(() => live.lookOut(chat.id), [live, chat.id]);
  useWhispers(
    useCallback(
      message => {
        if (message.type === "chat.presence" && message.data.chat_id === chat.id) {
          setIsOnline(message.data.online);
        } else if (message.type === "chat.typing" && message.data.chat_id === chat.id) {
          setTypedAt(Date.now());
        } else if (message.type === "ack" && message.data && "online" in message.data) {
          const told = message.data as unknown as { chat_id: string; online: boolean };
          if (told.chat_id === chat.id) setIsOnline(told.online);
        }
      },
      [chat.id],
    ),
  );
  useChatEvents(
    chat.id,
    useCallback(
      event => {
        if (event.type === "chat.message" && event.data.sender_id !== user?.id) setTypedAt(undefined);
      },
      [user],
    ),
  );
  useEffect(() => {
    if (typedAt === undefined) return;
    const timer = setTimeout(() => setTypedAt(undefined), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typedAt]);
  const seen = lastSeen ? when(lastSeen) : "";
  const state = typedAt !== undefined ? t.typing : isOnline ? t.online : seen;
  return (
    <div className="row grow">
      <Avatar name={name} url={url} />
      <div className="grow stack tight">
        <h2>{name}</h2>
        <span className="dim small" aria-live="polite">
          {state}
        </span>
      </div>
    </div>
  );
}

/** Blocking and reporting. */
function Actions({ chat, refresh }: { chat: Chat; refresh: () => void }) {
  const t = useTalkTexts();
  const give = useGive();
  const say = useSay();
  const fresh = useFreshChats();
  const [isReporting, setIsReporting] = useState(false);
  const [reason, setReason] = useState("");
  const { attempt, isBusy, problem } = useAttempt();
  const block = (method: "POST" | "DELETE") =>
    attempt(async () => {
      await give({ kind: "chat.block", subject: chat.id, method, path: `/api/chats/${chat.id}/block` });
      refresh();
      fresh();
    });
  const report = () =>
    attempt(async () => {
      const path = `/api/chats/${chat.id}/report`;
      await give({ kind: "chat.report", subject: chat.id, method: "POST", path, body: { reason } });
      setIsReporting(false);
      setReason("");
      say(t.reported, "good");
    });
  return (
    <section className="stack">
      {problem && <Note tone="bad">{problem.message}</Note>}
      {isReporting ? (
        <div className="card">
          <TextField isLong label={t.reportWhy} value={reason} onChange={setReason} maxLength={2_000} />
          <Button isDisabled={reason.trim() === ""} isBusy={isBusy} onPress={() => void report()}>
            {t.reportSend}
          </Button>
        </div>
      ) : (
        <div className="row wrap">
          {chat.blocked ? (
            <Button kind="plain" isBusy={isBusy} onPress={() => void block("DELETE")}>
              {t.unblock}
            </Button>
          ) : (
            <SureButton
              question={t.blockQuestion}
              yes={t.blockYes}
              isBusy={isBusy}
              onYes={() => void block("POST")}
            >
              {t.block}
            </SureButton>
          )}
          <Button kind="quiet" onPress={() => setIsReporting(true)}>
            {t.report}
          </Button>
        </div>
      )}
    </section>
  );
}
