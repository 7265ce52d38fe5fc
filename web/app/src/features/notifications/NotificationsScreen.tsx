// What has happened while nobody looked.
import { type components, dataOf } from "@peerpack/client";
import { useLocation } from "wouter";
import { useClient, useGive, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Button, Empty, LoadedList, Screen } from "../../ui/index.ts";

type Notification = components["schemas"]["NotificationView"];

/** Where a notification leads: the addresses of the API are those of the older client, except for deals
 * and rides in town. */
function routeOf({ type, action_url, trip_id, package_id }: Notification): string | undefined {
  // A package of somebody else's, for which one may answer as a courier.
  if (type === "new_package_available" || (type === "subscription_matched" && package_id)) return "/parcels";
  const kind = action_url.split("/")[1] ?? "";
  if (kind === "deal" || kind === "town") return action_url;
  const routes: Record<string, string | null | undefined> = {
    wallet: "/wallet",
    profile: "/me",
    package: package_id && `/package/${package_id}`,
    "rate-courier": package_id && `/package/${package_id}`,
    courier: trip_id && `/trip/${trip_id}`,
    "trip-requests": trip_id && `/my-trip/${trip_id}`,
    trip: trip_id && `/my-trip/${trip_id}`,
  };
  return routes[kind] ?? undefined;
}

export default function NotificationsScreen() {
  const { t, when } = useTexts();
  const { api } = useClient();
  const [, go] = useLocation();
  const give = useGive();
  const found = useRead(["notifications"], async () => dataOf(await api.GET("/api/user/notifications")), {
    topics: ["notifications"],
  });
  const read = async (id: string) => {
    await give({
      kind: "notification.read",
      subject: id,
      method: "PUT",
      path: `/api/notifications/${id}/read`,
    }).catch(() => undefined);
    void found.refetch();
  };
  const readAll = async () => {
    await give({
      kind: "notification.read-all",
      subject: "all",
      method: "PUT",
      path: "/api/notifications/mark-all-read",
    }).catch(() => undefined);
    void found.refetch();
  };
  return (
    <Screen title={t.notifications.title} onBack={() => go("/")}>
      {(found.data?.unread_count ?? 0) > 0 && (
        <Button kind="quiet" onPress={() => void readAll()}>
          {t.notifications.readAll}
        </Button>
      )}
      <LoadedList
        read={{ ...found, data: found.data?.notifications }}
        empty={<Empty title={t.notifications.none} hint={t.notifications.noneHint} />}
      >
        {one => (
          <button
            type="button"
            className="card"
            data-new={one.is_read ? undefined : ""}
            onClick={() => {
              if (!one.is_read) void read(one.id);
              const route = routeOf(one);
              if (route) go(route);
            }}
          >
            <span className="row">
              <span className={one.is_read ? "grow" : "grow strong"}>{one.title}</span>
              <span className="dim small">{when(one.timestamp)}</span>
            </span>
            <span className={one.is_read ? "dim" : undefined}>{one.message}</span>
          </button>
        )}
      </LoadedList>
    </Screen>
  );
}
