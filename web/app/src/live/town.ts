// The dispatch in town in React: what is read of it, and the socket that says when to read again. Where the socket is not
// there, or down, everything is asked every few seconds.
import {
  type components,
  dataOf,
  Problem,
  type TownMessage,
  TownSocket,
  type TownSubject,
} from "@peerpack/client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { isDemo, usePlatform } from "../platform/index.tsx";
import { useClient, useUser } from "./index.tsx";

type Schemas = components["schemas"];

export type TownOrder = Schemas["OrderView"];
export type TownOffer = Schemas["MyOffer"];
export type TownRegion = Schemas["RegionView"];
export type TownDriver = Schemas["DriverView"];
export type ActiveRide = Schemas["ActiveRide"];

/** How often what changes by the second is asked where nothing says that it has changed, milliseconds. */
const ASK_MS = 3_000;
/** The same where a socket does. */
const SELDOM_MS = 20_000;
/** How often a courier on duty says where they are. */
const SAY_MS = 10_000;

interface TownReading {
  /** Whether a socket says what changes. */
  isLive?: boolean;
  /** Whether it changes by itself. */
  isMoving?: boolean;
  isWanted?: boolean;
}

/** Reads of the dispatch, again and again while the screen is looked at. */
export function useTownRead<T>(
  key: readonly unknown[],
  read: () => Promise<T>,
  { isLive = false, isMoving = true, isWanted = true }: TownReading = {},
) {
  const user = useUser();
  return useQuery({
    queryKey: [user?.id ?? "", "town", ...key],
    queryFn: read,
    enabled: isWanted,
    staleTime: isMoving ? 0 : 300_000,
    refetchInterval: isMoving && (isLive ? SELDOM_MS : ASK_MS),
  });
}

/** What is read, or null where the server has no such thing: who is no courier yet, and who has never ordered. */
export async function orNull<T>(reading: Promise<{ data?: T }>): Promise<T | null> {
  try {
    return dataOf(await reading);
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/** The regions that take orders; none where no dispatch runs. */
export function useTownRegions() {
  const { api } = useClient();
  return useTownRead(
    ["regions"],
    async (): Promise<readonly TownRegion[]> => (await orNull(api.GET("/api/regions"))) ?? [],
    { isMoving: false },
  );
}

/** Reads everything of the dispatch again. */
export function useFreshTown(): () => Promise<void> {
  const queries = useQueryClient();
  return useCallback(
    () =>
      queries.invalidateQueries({
        predicate: ({ queryKey }) => queryKey[1] === "town" && queryKey[2] !== "regions",
      }),
    [queries],
  );
}

/**
 * Follows an order, a courier or a passenger by a socket. Whether it is there: what is read need not be asked for often
 * then. When it comes, and when the app is looked at again, everything is read anew.
 */
export function useTownSocket(
  subject: TownSubject,
  id: string | number | undefined,
  /** Takes in what needs no reading; answers whether it was that. */
  hear?: (message: TownMessage) => boolean,
): boolean {
  const { api } = useClient();
  const platform = usePlatform();
  const refresh = useFreshTown();
  const [isLive, setIsLive] = useState(false);
  const latest = useRef(hear);
  latest.current = hear;
  useEffect(() => {
    if (id === undefined) return;
    const socket = new TownSocket(
      {
        baseUrl: location.origin,
        subject,
        id,
        ticket: async () => dataOf(await api.POST("/api/ws-ticket")).ticket,
      },
      {
        heard: message => {
          if (!latest.current?.(message)) void refresh();
        },
        connectivity: now => {
          setIsLive(now);
          if (now) void refresh();
        },
      },
    );
    const asleep = platform.onAwake(() => {
      socket.wake();
      void refresh();
    });
    return () => {
      asleep();
      socket.stop();
      setIsLive(false);
    };
  }, [api, platform, refresh, subject, id]);
  return isLive;
}

/** Tells the page around a phone of the demo what has happened in town. */
export function useTellTown(type: string | undefined): void {
  const { clock } = useClient();
  useEffect(() => {
    const who = isDemo && parent !== window && new URLSearchParams(location.search).get("as");
    if (!who || type === undefined) return;
    const at = new Date(clock.now()).toISOString();
    parent.postMessage({ peerpack: "event", who, type, at }, location.origin);
  }, [clock, type]);
}

/** Says where a courier on duty is. Whether that is known; nothing before it was looked for. */
export function useWhereabouts(isOnDuty: boolean): boolean | undefined {
  const { api } = useClient();
  const platform = usePlatform();
  const queries = useQueryClient();
  const user = useUser();
  const [isKnown, setIsKnown] = useState<boolean>();
  const own = user?.id ?? "";
  useEffect(() => {
    const driver = [own, "town", "driver"];
    if (!isOnDuty) return setIsKnown(undefined);
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const say = async () => {
      const at = await platform.location();
      if (isOver) return;
      setIsKnown(at !== undefined);
      // A position that does not arrive is followed by another one.
      const told =
        at && (await api.PATCH("/api/mobile/drivers/location", { body: at }).catch(() => undefined));
      const here = told?.data?.current_position;
      // The position alone: of everything else somebody may have read later.
      queries.setQueryData<TownDriver | null>(driver, known =>
        known && here ? { ...known, current_position: here } : known,
      );
      if (!isOver) timer = setTimeout(() => void say(), SAY_MS);
    };
    void say();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [api, platform, queries, own, isOnDuty]);
  return isKnown;
}
