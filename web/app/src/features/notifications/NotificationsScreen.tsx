// What has happened while nobody looked.
import { dataOf } from "@peerpack/client";
import { useLocation } from "wouter";
import { useClient, useGive, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Button, Empty, Failed, Screen, Skeletons } from "../../ui/index.ts";

/** Where a notification leads: the addresses of the API are those of the older client. */
function routeOf(type: string, action: string): string | undefined {
  // A package of somebody else's, for which one may answer as a courier.
  if (type === "new_package_available") return "/parcels";
  const [, kind, id] = action.split("/");
  if (kind === "wallet") return "/wallet";
  if (!id) return undefined;
  const routes: Record<string, string> = {
    package: `/package/${id}`,
    "rate-courier": `/package/${id}`,
    courier: `/trip/${id}`,
    "trip-requests": `/my-trip/${id}`,
    trip: `/my-trip/${id}`,
  };
  return kind ? routes[kind] : undefined;
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
      {found.isPending && <Skeletons />}
      {found.isError && !found.data && <Failed error={found.error} onAgain={() => void found.refetch()} />}
      {found.data?.notifications.length === 0 && (
        <Empty title={t.notifications.none} hint={t.notifications.noneHint} />
      )}
      {(found.data?.unread_count ?? 0) > 0 && (
        <Button kind="quiet" onPress={() => void readAll()}>
          {t.notifications.readAll}
        </Button>
      )}
      <ul className="stack">
        {found.data?.notifications.map(one => (
          <li key={one.id}>
            <button
              type="button"
              className="card"
              data-new={one.is_read ? undefined : ""}
              onClick={() => {
                if (!one.is_read) void read(one.id);
                const route = routeOf(one.type, one.action_url);
                if (route) go(route);
              }}
            >
              <span className="row">
                <span className={one.is_read ? "grow" : "grow strong"}>{one.title}</span>
                <span className="dim small">{when(one.timestamp)}</span>
              </span>
              <span className={one.is_read ? "dim" : undefined}>{one.message}</span>
            </button>
          </li>
        ))}
      </ul>
    </Screen>
  );
}
