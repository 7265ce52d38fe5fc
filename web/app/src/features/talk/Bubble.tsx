// One message as it is drawn: one that the server has, or one that is on its way.
import { type Command, isOpen } from "@peerpack/client";
import { useCallback, useSyncExternalStore } from "react";
import { useClient } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { useTalkTexts } from "../../texts/talk.ts";
import { Button } from "../../ui/index.ts";
import type { Message } from "./chats.ts";
import { Picture } from "./Picture.tsx";

/** A message that the server has. */
export function Bubble({ message, isOwn, isRead }: { message: Message; isOwn: boolean; isRead: boolean }) {
  const t = useTalkTexts();
  const { when } = useTexts();
  return (
    <article className="talk-bubble" data-own={isOwn ? "" : undefined}>
      {message.picture_url && <Picture path={message.picture_url} />}
      {message.content && <p>{message.content}</p>}
      {message.notice && <p className="small dim">{message.notice}</p>}
      <footer className="small dim">
        {when(message.created_at)}
        {isOwn && ` · ${isRead ? t.read : t.sent}`}
      </footer>
    </article>
  );
}

/** Messages of a chat that the server has not confirmed and that are not among those that are known. */
export function useWaiting(chatId: string, known: readonly Message[]): readonly Command[] {
  const { outbox } = useClient();
  const commands = useSyncExternalStore(
    useCallback(change => outbox.onChange(change), [outbox]),
    () => outbox.list,
  );
  const names = new Set(known.map(message => message.client_msg_id));
  return commands.filter(command => {
    const [chat, name] = command.subject.split(":");
    return command.kind === "chat.send" && chat === chatId && !names.has(name) && isOpen(command);
  });
}

/** What is on its way: it is kept on the device and sent again, never twice. */
export function OnTheirWay({ commands }: { commands: readonly Command[] }) {
  const t = useTalkTexts();
  const { outbox } = useClient();
  return commands.map(command => {
    const { content } = command.body as { content?: string };
    const isUnconfirmed = command.state === "unconfirmed";
    return (
      <article key={command.id} className="talk-bubble" data-own="" data-waiting="">
        <p>{content ?? t.picture}</p>
        <footer className="small dim">{isUnconfirmed ? t.unconfirmed : t.sending}</footer>
        {isUnconfirmed && (
          <Button kind="quiet" onPress={() => outbox.resume()}>
            {t.again}
          </Button>
        )}
      </article>
    );
  });
}
