// The client in React: the live state, the server's clock, reads that reload when the stream says so, and commands.
import {
  answerOf,
  type Command,
  type Draft,
  type Offer,
  openOffers,
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
  useReducer,
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

/** A part of the live state. A component draws itself anew when that part is another one, and not at every event. */
export function useLive<T>(part: (snapshot: Snapshot) => T): T {
  const { live } = useClient();
  return useSyncExternalStore(
    useCallback(change => live.onChange(change), [live]),
    () => part(live.snapshot),
  );
}

/** The offers that can be accepted now, the most urgent first; nothing before the first answer of the server. */
export function useOpenOffers(): readonly Offer[] | undefined {
  const { clock } = useClient();
  const offers = useLive(({ state }) => state?.offers);
  // A moment must not be kept: one from before the server said its time is as wrong as the device's own clock.
  const [looks, lookAgain] = useReducer((looks: number) => looks + 1, 0);
  const open = offers && openOffers({ offers }, clock.now());
  const next = open?.[0]?.expires_at;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a timer that was early has to start again
  useEffect(() => {
    if (next === undefined) return;
    // A timer may be early by a millisecond, and an offer that is over must be over.
    const timer = setTimeout(lookAgain, Date.parse(next) - clock.now() + 2);
    return () => clearTimeout(timer);
  }, [clock, next, looks]);
  return open;
}

/** Whole seconds until a moment of the server's clock. */
export function useCountdown(end: number): number {
  const { clock } = useClient();
  const secondsLeft = () => Math.ceil(Math.max(0, end - clock.now()) / 1_000);
  const [seconds, setSeconds] = useState(secondsLeft);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tick = () => {
      const left = end - clock.now();
      setSeconds(Math.ceil(Math.max(0, left) / 1_000));
      // The next one starts when the number changes. A clock that is not the server's yet may be wrong that it is over.
      if (left > 0) timer = setTimeout(tick, left % 1_000 || 1_000);
      else if (!clock.isKnown) timer = setTimeout(tick, 1_000);
    };
    tick();
    return () => clearTimeout(timer);
  }, [clock, end]);
  return seconds;
}

/** The latest command about a thing, of a kind if one is given. */
export function useCommandAbout(subject: string, kind?: string): Command | undefined {
  const { outbox } = useClient();
  return useSyncExternalStore(
    useCallback(change => outbox.onChange(change), [outbox]),
    () => outbox.list.findLast(one => one.subject === subject && (kind === undefined || one.kind === kind)),
  );
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
  const user = useUser();
  const version = useLive(({ state }) =>
    [
      ...(fresh.topics ?? []).map(topic => state?.versions[topic] ?? 0),
      ...(fresh.ids ?? []).map(id => state?.touched[id] ?? 0),
    ].join("."),
  );
  const { snapshots } = usePlatform();
  const name = [user?.id ?? "", ...key].join(".");
  return useQuery({
    queryKey: [user?.id ?? "", ...key, version],
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
