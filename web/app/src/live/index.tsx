// The client in React: the live state, the server's clock, reads that reload when the stream says so, and commands.
import {
  answerOf,
  type Command,
  type Draft,
  type PeerPack,
  Problem,
  type Snapshot,
  type Topic,
  type User,
} from "@peerpack/client";
import { keepPreviousData, QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import { usePlatform } from "../platform/index.tsx";

const Context = createContext<PeerPack | undefined>(undefined);

export function LiveProvider({ client, children }: { client: PeerPack; children: ReactNode }) {
  const [queries] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          queries: {
            staleTime: 30_000,
            retry: (count, error) => !(error instanceof Problem && !error.isTemporary) && count < 3,
          },
        },
      }),
  );
  const { snapshots } = usePlatform();
  // What one person has read is nobody else's.
  useEffect(
    () =>
      client.session.onChange(() => {
        queries.clear();
        snapshots.clear();
      }),
    [client, queries, snapshots],
  );
  return (
    <Context value={client}>
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </Context>
  );
}

export function useClient(): PeerPack {
  const client = useContext(Context);
  if (!client) throw new Error("there is a client around every component");
  return client;
}

export function useUser(): User | undefined {
  const { session } = useClient();
  return useSyncExternalStore(
    useCallback(change => session.onChange(change), [session]),
    () => session.user,
  );
}

export function useLive(): Snapshot {
  const { live } = useClient();
  return useSyncExternalStore(
    useCallback(change => live.onChange(change), [live]),
    () => live.snapshot,
  );
}

/** The server's time, which moves on every so many milliseconds; it stands still while nothing is counted. */
export function useServerTime(everyMs: number | undefined): number {
  const { clock } = useClient();
  const [now, setNow] = useState(() => clock.now());
  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(() => setNow(clock.now()), everyMs);
    return () => clearInterval(timer);
  }, [clock, everyMs]);
  return now;
}

/** Commands of this person, the latest last. */
export function useCommands(): readonly Command[] {
  const { outbox } = useClient();
  return useSyncExternalStore(
    useCallback(change => outbox.onChange(change), [outbox]),
    () => outbox.list,
  );
}

/** The latest command about a thing, of a kind if one is given. */
export function useCommandAbout(subject: string, kind?: string): Command | undefined {
  return useCommands().findLast(one => one.subject === subject && (kind === undefined || one.kind === kind));
}

/** Gives commands; the promise rejects with a `Problem` if the server refuses. */
export function useGive(): <T>(draft: Draft) => Promise<T> {
  const { outbox } = useClient();
  return useCallback(async draft => answerOf(await outbox.submit(draft)), [outbox]);
}

/** What a read is out of date by: lists by topic, single things by id. */
interface Freshness {
  topics?: readonly Topic[];
  ids?: readonly string[];
}

/** Reads from the server, keeps the last answer on the screen, and reads again when the stream says it has changed. */
export function useRead<T>(
  key: readonly unknown[],
  read: () => Promise<T>,
  fresh: Freshness = {},
  isWanted = true,
) {
  const { state } = useLive();
  const user = useUser();
  const version = [
    ...(fresh.topics ?? []).map(topic => state?.versions[topic] ?? 0),
    ...(fresh.ids ?? []).map(id => state?.touched[id] ?? 0),
  ];
  const { snapshots } = usePlatform();
  const name = [user?.id ?? "", ...key].join(".");
  return useQuery({
    queryKey: [user?.id ?? "", ...key, ...version],
    queryFn: async () => {
      const answer = await read();
      snapshots.set(name, answer);
      return answer;
    },
    // What was read before is shown until there is an answer, also after a start without a network.
    placeholderData: keepPreviousData,
    initialData: () => snapshots.get(name) as T | undefined,
    initialDataUpdatedAt: 0,
    enabled: isWanted,
  });
}
