// One's chats, and people to be found.
import { dataOf } from "@peerpack/client";
import { useCallback, useState } from "react";
import { Link, useLocation } from "wouter";
import { useClient, useRead, useUser } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { useTalkTexts } from "../../texts/talk.ts";
import { Empty, Loaded, LoadedList, Note, PersonRow, Screen, TextField } from "../../ui/index.ts";
import WriteButton from "../../ui/TalkLink.tsx";
import { type Chat, otherOf, useChatEvents, useFreshChats } from "./chats.ts";
import "../../ui/talk.css";

export default function ChatsScreen() {
  const t = useTalkTexts();
  const { api } = useClient();
  const [, go] = useLocation();
  const [query, setQuery] = useState("");
  const refresh = useFreshChats();
  useChatEvents(
    undefined,
    useCallback(() => refresh(), [refresh]),
  );
  const found = useRead(["chats"], async () => dataOf(await api.GET("/api/chats")));
  const isSearch = query.trim().length >= 2;
  return (
    <Screen title={t.chats} onBack={() => go("/me")}>
      <TextField label={t.find} hint={t.findHint} value={query} onChange={setQuery} maxLength={100} />
      {isSearch ? (
        <People query={query.trim()} />
      ) : (
        <LoadedList
          read={{ ...found, data: found.data?.data }}
          empty={<Empty title={t.none} hint={t.noneHint} />}
        >
          {chat => <ChatRow chat={chat} />}
        </LoadedList>
      )}
    </Screen>
  );
}

function ChatRow({ chat }: { chat: Chat }) {
  const t = useTalkTexts();
  const { when } = useTexts();
  const user = useUser();
  const other = otherOf(chat, user?.id);
  const last = chat.last_message;
  return (
    <Link href={`/chat/${chat.id}`} className="card">
      <PersonRow
        name={other.display_name}
        url={other.avatar_url}
        about={<span className="talk-last">{last ? last.content || t.picture : `@${other.username}`}</span>}
        end={
          <span className="stack none end">
            <span className="dim small">{when(chat.updated_at)}</span>
            {chat.unread > 0 && (
              <span className="badge talk-count" role="img" aria-label={t.unreadCount(chat.unread)}>
                {chat.unread}
              </span>
            )}
          </span>
        }
      />
    </Link>
  );
}

function People({ query }: { query: string }) {
  const t = useTalkTexts();
  const { api } = useClient();
  const found = useRead(["people", query], async () =>
    dataOf(await api.GET("/api/users/search", { params: { query: { query } } })),
  );
  return (
    <Loaded read={found}>
      {({ data }) =>
        data.length === 0 ? (
          <Note>{t.nobody}</Note>
        ) : (
          <ul className="stack">
            {data.map(one => (
              <li key={one.id} className="card">
                <PersonRow
                  name={one.display_name}
                  url={one.avatar_url}
                  about={`@${one.username}${one.bio ? ` · ${one.bio}` : ""}`}
                />
                <WriteButton to={{ other_user_id: one.id }} />
              </li>
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}
