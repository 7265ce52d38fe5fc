// What one writes: kept on the device before it is sent, sent until the server has answered, and never twice.
import { useEffect, useRef, useState } from "react";
import { useClient, useGive } from "../../live/index.tsx";
import { useTalkTexts } from "../../texts/talk.ts";
import { Button, Note, TextField, useAttempt } from "../../ui/index.ts";

/** How often it is said at most that one writes. */
const TYPING_EVERY_MS = 3_000;
const MOST = 1_000;

export function Composer({ chatId }: { chatId: string }) {
  const t = useTalkTexts();
  const { live, files } = useClient();
  const give = useGive();
  const [text, setText] = useState("");
  const toldAt = useRef(0);
  const picker = useRef<HTMLInputElement>(null);
  const { attempt, isBusy, problem } = useAttempt();
  const key = `talk.draft.${chatId}`;
  // What was begun is there when one comes back.
  useEffect(() => setText(sessionStorage.getItem(key) ?? ""), [key]);
  const write = (next: string) => {
    setText(next);
    sessionStorage.setItem(key, next);
    if (next === "" || Date.now() - toldAt.current < TYPING_EVERY_MS) return;
    toldAt.current = Date.now();
    live.say({ type: "chat.typing", data: { chat_id: chatId } });
  };
  const send = (body: Record<string, string>) => {
    const name = crypto.randomUUID();
    return give({
      kind: "chat.send",
      subject: `${chatId}:${name}`,
      method: "POST",
      path: "/api/messages",
      body: { chat_id: chatId, client_msg_id: name, ...body },
    });
  };
  const say = () => {
    const content = text.trim();
    if (content === "") return;
    write("");
    // The next message is a new one: that one writes is said at its first letter.
    toldAt.current = 0;
    void attempt(async () => {
      try {
        await send({ content });
      } catch (error) {
        // What was refused can be written otherwise.
        setText(now => now || content);
        throw error;
      }
    });
  };
  const show = (file: File) =>
    attempt(async () => {
      const kept = await files.upload<{ data: { picture_id: string } }>(
        `/api/chats/${chatId}/pictures`,
        file,
      );
      await send({ picture_id: kept.data.picture_id });
    });
  return (
    <form
      className="talk-composer"
      onSubmit={event => {
        event.preventDefault();
        say();
      }}
    >
      {problem && <Note tone="bad">{problem.message}</Note>}
      <TextField
        isLong
        label={t.message}
        placeholder={t.message}
        value={text}
        onChange={write}
        maxLength={MOST}
      />
      <div className="row talk-buttons">
        <button
          type="button"
          className="icon-button"
          aria-label={t.attach}
          disabled={isBusy}
          aria-busy={isBusy}
          onClick={() => picker.current?.click()}
        >
          <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
            <path d="M20 11.5 12.3 19a5 5 0 0 1-7-7l8-8a3.4 3.4 0 0 1 4.8 4.8l-8 8a1.7 1.7 0 0 1-2.4-2.4L15 7.3" />
          </svg>
        </button>
        <Button type="submit" isDisabled={text.trim() === ""}>
          {t.send}
        </Button>
        <input
          ref={picker}
          type="file"
          hidden
          accept="image/jpeg,image/png,image/webp"
          onChange={event => {
            const file = event.target.files?.[0];
            if (file) void show(file);
            event.target.value = "";
          }}
        />
      </div>
    </form>
  );
}
