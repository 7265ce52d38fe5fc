// A mark in lists for one's own trip or package: a digital extra, paid with Telegram Stars, which only Telegram takes.
import { type components, dataOf } from "@peerpack/client";
import { useEffect, useState } from "react";
import { useClient, useGive, useRead } from "../live/index.tsx";
import { usePlatform } from "../platform/index.tsx";
import { useHighlightTexts } from "../texts/highlight.ts";
import { useTexts } from "../texts/index.tsx";
import { Button } from "./buttons.tsx";
import { useAttempt } from "./feedback.tsx";
import { Note, Pill } from "./marks.tsx";

type Payment = components["schemas"]["Payment"];

interface HighlightProps {
  /** What is highlighted. */
  of: { trip_id: string } | { package_id: string };
  /** Until when it is, if it is. */
  until: string | null | undefined;
}

/** Says until when a thing bears a mark, and sells one. */
export default function Highlight({ of, until }: HighlightProps) {
  const { when } = useTexts();
  const t = useHighlightTexts();
  const { name } = usePlatform();
  const { api } = useClient();
  const give = useGive();
  const { attempt, isBusy, problem } = useAttempt();
  const [tap, setTap] = useState(() => crypto.randomUUID());
  const [asked, setAsked] = useState<Payment>();
  const terms = useRead(["money-terms"], async () => dataOf(await api.GET("/api/money/terms"))).data;
  const price = terms?.highlight;
  if (!price) return null;
  const ask = () =>
    attempt(async () => {
      const draft = { kind: "highlight", subject: tap, method: "POST", path: "/api/highlights" } as const;
      setAsked(await give<Payment>({ ...draft, body: of }));
      setTap(crypto.randomUUID());
    });
  const isWaited = asked !== undefined;
  return (
    <section className="card stack">
      {until && (
        <div className="row wrap">
          <Pill tone="accent">{t.until(when(until))}</Pill>
        </div>
      )}
      <p className="dim small">{t.what}</p>
      {problem && <Note tone="bad">{problem.message}</Note>}
      {name !== "telegram" ? (
        <Note>{t.elsewhere}</Note>
      ) : isWaited ? (
        <Invoice payment={asked} onOver={() => setAsked(undefined)} />
      ) : (
        <Button kind="plain" isBusy={isBusy} onPress={() => void ask()}>
          {(until ? t.again : t.offer)(price.stars, price.hours)}
        </Button>
      )}
    </section>
  );
}

/** An invoice that waits for its stars. What the window of Telegram says is no word about them: only the server knows. */
function Invoice({ payment, onOver }: { payment: Payment; onOver: () => void }) {
  const t = useHighlightTexts();
  const { openInvoice } = usePlatform();
  const { api } = useClient();
  const [isPaying, setIsPaying] = useState(false);
  const path = { payment_id: payment.payment_id };
  const read = useRead(
    ["payment", payment.payment_id],
    async () => dataOf(await api.GET("/api/payments/{payment_id}", { params: { path } })),
    { ids: [payment.payment_id] },
  );
  const now = read.data ?? payment;
  const pay = async (url: string) => {
    const outcome = await openInvoice(url);
    setIsPaying(outcome === "paid" || outcome === "pending");
  };
  const isPaid = now.status === "succeeded" && now.refunds.length === 0;
  // What was paid for is shown by the thing itself, and can be bought for longer.
  useEffect(() => {
    if (isPaid) onOver();
  }, [isPaid, onOver]);
  if (now.refunds.length > 0) return <Note tone="warm">{t.back}</Note>;
  if (isPaid) return null;
  if (now.status === "failed" || now.status === "expired") {
    return (
      <Button kind="plain" onPress={onOver}>
        {t.failed}
      </Button>
    );
  }
  if (isPaying) return <Note>{t.waiting}</Note>;
  const url = now.invoice_url;
  if (!url) return <Note>{t.asking}</Note>;
  return (
    <Button isWide onPress={() => void pay(url)}>
      {t.pay}
    </Button>
  );
}
