// The requests of one's own trip. The list of a trip leaves out what the courier has asked for, so the whole of one's
// requests is read besides.
import { type components, dataOf } from "@peerpack/client";
import { useClient, useRead } from "./index.tsx";

export type TripRequest = components["schemas"]["TripRequestView"];

export function useTripRequests(tripId: string) {
  const { api } = useClient();
  return useRead(
    ["trip-requests", tripId],
    async (): Promise<TripRequest[]> => {
      const [listed, sync] = await Promise.all([
        api.GET("/api/trips/{trip_id}/package-requests", { params: { path: { trip_id: tripId } } }),
        api.GET("/api/sync"),
      ]);
      const known = dataOf(listed).requests;
      const own = dataOf(sync).requests.filter(
        one => one.trip_id === tripId && !known.some(other => other.id === one.id),
      );
      return [...known, ...own];
    },
    { ids: [tripId], topics: ["trips"] },
  );
}
