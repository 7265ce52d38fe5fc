// What was paid in, with what went back.
import { type components, dataOf } from "@peerpack/client";
import { useClient, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Pill } from "../../ui/index.ts";

type Payment = components["schemas"]["Payment"];

export function Payments() {
  const { t, money, number, day } = useTexts();
  const { api } = useClient();
  const sum = (one: Payment, amount: number) =>
    one.currency === "XTR" ? `${number(amount)} ⭐` : money(amount);
  const { data } = useRead(["payments"], async () => dataOf(await api.GET("/api/payments")), {
    topics: ["wallet"],
  });
  if (!data || data.payments.length === 0) return null;
  return (
    <>
      <h2>{t.wallet.payments}</h2>
      <ul className="card">
        {data.payments.map(one => (
          <li key={one.payment_id} className="row">
            <div className="grow stack tight">
              <span>
                {sum(one, one.amount)} <Pill tone="warm">{t.wallet.paymentStatus[one.status]}</Pill>
              </span>
              <span className="dim small">
                {one.reference} · {day(one.created_at)}
                {one.refunded > 0 && ` · ${t.wallet.refunded(sum(one, one.refunded))}`}
              </span>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}
