// Chats in React: what is read from the server, and what the stream says of them.
import type { components, ServerMessage, StreamEvent } from "@peerpack/client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useClient } from "../../live/index.tsx";

export type Chat = components["schemas"]["Chat"];
export type Message = components["schemas"]["ChatMessage"];
export type Person = components["schemas"]["TalkUser"];

/** The other one of a chat. */
export function otherOf(chat: Chat, own: string | undefined): Person {
  return chat.user1.id === own ? chat.user2 : chat.user1;
}

/** Hears what the stream says of chats, or of one. */
export function useChatEvents(chatId: string | undefined, hear: (event: StreamEvent) => void): void {
  const { live } = useClient();
  useEffect(
    () =>
      live.onEvent(event => {
        if (!event.type.startsWith("chat.")) return;
        const of = (event.data as { chat_id?: string }).chat_id;
        if (chatId === undefined || of === chatId) hear(event);
      }),
    [live, chatId, hear],
  );
}

/** Hears what is worth a word only now. */
export function useWhispers(hear: (message: ServerMessage) => void): void {
  const { live } = useClient();
  useEffect(() => live.onSaid(hear), [live, hear]);
}

/** Reads lists of chats again. */
export function useFreshChats(): () => void {
  const queries = useQueryClient();
  return () => void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[1] === "chats" });
}
