// Paying in: by a link, or by a transfer with a reference; exactly what is missing, if that is known.
import { type components, dataOf } from "@peerpack/client";
import { useState } from "react";
import { useClient, useGive, useRead } from "../live/index.tsx";
import { usePlatform } from "../platform/index.tsx";
import { useTexts } from "../texts/index.tsx";
import { Button, Pill, Segments, TextField, useAttempt } from "./index.ts";

type Payment = components["schemas"]["Payment"];
type Method = components["schemas"]["PayInMethod"];
type WalletMethod = Exclude<Method, "stars">;

interface PayInProps {
  /** With what money can be paid in here. */
  methods: readonly Method[];
  /** What is missing, if that is what is to be paid. */
  missing?: number;
}

export default function PayIn({ methods: all, missing }: PayInProps) {
  const { t, money } = useTexts();
  const give = useGive();
  const { attempt, isBusy, fields } = useAttempt();
  const [isOpen, setIsOpen] = useState(false);
  const [amount, setAmount] = useState("");
  const [chosen, setChosen] = useState<WalletMethod>();
  const [tap, setTap] = useState(() => crypto.randomUUID());
  const [asked, setAsked] = useState<Payment>();
  // Stars pay for highlights alone.
  const methods = all.filter(one => one !== "stars");
  const method = chosen ?? methods[0];
  if (!method) return null;
  if (asked) return <HowToPay payment={asked} />;
  if (!isOpen) {
    return (
      <Button
        kind="plain"
        onPress={() => {
          setAmount(missing === undefined ? "" : String(missing));
          setIsOpen(true);
        }}
      >
        {missing === undefined ? t.wallet.payIn : t.wallet.payMissing(money(missing))}
      </Button>
    );
  }
  const pay = () =>
    attempt(async () => {
      const payment = await give<Payment>({
        kind: "money.pay-in",
        subject: tap,
        method: "POST",
        path: "/api/payments",
        body: { purpose: "top_up", amount: Number(amount.replace(",", ".")), method },
      });
      setTap(crypto.randomUUID());
      setAsked(payment);
    });
  return (
    <section className="card">
      <TextField
        label={t.wallet.amount}
        value={amount}
        onChange={setAmount}
        error={fields.amount}
        inputMode="decimal"
        maxLength={12}
      />
      {methods.length > 1 && (
        <Segments
          label={t.wallet.payMethod}
          value={method}
          segments={methods.map(one => ({ value: one, title: t.wallet.payMethods[one] }))}
          onChange={setChosen}
        />
      )}
      <Button isWide isBusy={isBusy} isDisabled={!amount} onPress={() => void pay()}>
        {t.wallet.pay}
      </Button>
    </section>
  );
}

/** Where a payment is to be made, as long as it is awaited. */
function HowToPay({ payment }: { payment: Payment }) {
  const { t, money } = useTexts();
  const { openInvoice } = usePlatform();
  const { api } = useClient();
  const path = { payment_id: payment.payment_id };
  const read = useRead(
    ["payment", payment.payment_id],
    async () => dataOf(await api.GET("/api/payments/{payment_id}", { params: { path } })),
    { ids: [payment.payment_id] },
  );
  const now = read.data ?? payment;
  return (
    <section className="card stack" aria-live="polite">
      <div className="row">
        <span className="grow strong">{money(now.amount)}</span>
        <Pill tone="warm">{t.wallet.paymentStatus[now.status]}</Pill>
      </div>
      {now.invoice_url && now.method === "telegram" && (
        <Button isWide onPress={() => void openInvoice(now.invoice_url ?? "")}>
          {t.wallet.pay}
        </Button>
      )}
      {now.invoice_url && now.method !== "telegram" && (
        <a className="button" href={now.invoice_url} target="_blank" rel="noreferrer">
          {t.wallet.pay}
        </a>
      )}
      {now.instructions && (
        <>
          <span>{t.wallet.transfer}</span>
          <span className="strong">{now.instructions}</span>
          <span>
            {t.wallet.reference}: <span className="strong">{now.reference}</span>
          </span>
        </>
      )}
    </section>
  );
}
