// Calling a ride off: what it costs is said before the tap that does it.
import { dataOf } from "@peerpack/client";
import { useClient, useGive } from "../../live/index.tsx";
import { type TownOrder, useFreshTown, useTownRead } from "../../live/town.ts";
import { useTexts } from "../../texts/index.tsx";
import { useTownTexts } from "../../texts/town.ts";
import { SureButton, useAttempt, useSay } from "../../ui/index.ts";

export function CallOffRide({ order }: { order: TownOrder }) {
  const t = useTownTexts();
  const { money } = useTexts();
  const { api } = useClient();
  const give = useGive();
  const say = useSay();
  const refresh = useFreshTown();
  const { attempt, isBusy } = useAttempt();
  // It is free for a moment after a courier was found, so it is asked again as time goes by.
  const cost = useTownRead(["fee", order.id, order.status], async () =>
    dataOf(
      await api.POST("/api/orders/{order_id}/calculate-cancel-fee", {
        params: { path: { order_id: order.id } },
        body: { cancelled_by: "passenger" },
      }),
    ),
  );
  const cancel = () =>
    attempt(async () => {
      const { cancel_fee } = await give<{ cancel_fee: number }>({
        kind: "ride.cancel",
        subject: order.id,
        method: "POST",
        path: `/api/mobile/orders/${order.id}/cancel`,
        body: {},
      });
      say(cancel_fee > 0 ? t.cancelled(money(cancel_fee)) : t.cancelledFree);
      await refresh();
    });
  if (!cost.data) return null;
  const { fee } = cost.data;
  const words = fee > 0 ? t.cancelCosts(money(fee)) : t.cancelFree;
  return (
    <>
      <p className={fee > 0 ? "warm small" : "dim small"}>{words}</p>
      <SureButton
        question={`${t.cancelSure} ${words}`}
        yes={t.cancelYes}
        isBusy={isBusy}
        onYes={() => void cancel()}
      >
        {t.cancel}
      </SureButton>
    </>
  );
}
