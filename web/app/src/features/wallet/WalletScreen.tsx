// The wallet: what is free, what is held and why, the movements, and taking money out.
import { dataOf } from "@peerpack/client";
import { lazy, Suspense, useState } from "react";
import { useClient, useGive, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import {
  Button,
  Empty,
  Failed,
  Pill,
  Screen,
  Skeletons,
  TextField,
  useAttempt,
  useSay,
} from "../../ui/index.ts";
import { HowPeoplePay, useMoneyTerms } from "./HowPeoplePay.tsx";
import { Payments } from "./Payments.tsx";
import { Statement } from "./Statement.tsx";

const PayIn = lazy(() => import("../../ui/PayIn.tsx"));

export default function WalletScreen() {
  const { t, language, money, day, time } = useTexts();
  const { api } = useClient();
  const terms = useMoneyTerms();
  const wallet = useRead(["wallet"], async () => dataOf(await api.GET("/api/user/balance")), {
    topics: ["wallet"],
  });
  if (!wallet.data) {
    return (
      <Screen title={t.wallet.title}>
        {wallet.isPending ? (
          <Skeletons />
        ) : (
          <Failed error={wallet.error} onAgain={() => void wallet.refetch()} />
        )}
      </Screen>
    );
  }
  const { balance, transactions } = wallet.data;
  const isUnused = transactions.length === 0 && balance.available === 0;
  // Where couriers are paid in cash a wallet is of use only to people who have money in it from before.
  if (terms?.paid === "cash" && isUnused) {
    return (
      <Screen title={t.wallet.title}>
        <Empty title={t.wallet.none} hint={language === "ru" ? terms.text_ru : terms.text_en} />
      </Screen>
    );
  }
  const types: Record<string, string> = t.wallet.type;
  const statuses: Record<string, string> = t.wallet.status;
  return (
    <Screen title={t.wallet.title}>
      <div className="card">
        <Part name={t.wallet.available} hint={t.wallet.availableHint} amount={balance.available} isMain />
        <Part name={t.wallet.frozen} hint={t.wallet.frozenHint} amount={balance.frozen} />
        <Part name={t.wallet.pending} hint={t.wallet.pendingHint} amount={balance.pending} />
        {balance.reserved > 0 && (
          <Part name={t.wallet.reserved} hint={t.wallet.reservedHint} amount={balance.reserved} />
        )}
      </div>
      <HowPeoplePay />
      <Suspense>
        <PayIn methods={terms?.methods ?? []} />
      </Suspense>
      <Withdraw available={balance.available} />
      <Payments />
      <h2>{t.wallet.movements}</h2>
      {transactions.length > 0 && <Statement />}
      {transactions.length === 0 && <Empty title={t.wallet.none} hint={t.wallet.noneHint} />}
      {transactions.length > 0 && (
        <ul className="card">
          {transactions.map(one => (
            <li key={one.id} className="row">
              <div className="grow stack tight">
                <span>
                  {types[one.type] ?? one.type}{" "}
                  {statuses[one.status] && <Pill tone="warm">{statuses[one.status]}</Pill>}
                </span>
                <span className="dim small">
                  {one.description} · {day(one.date)}, {time(one.date)}
                </span>
              </div>
              <span className={one.amount > 0 ? "numeric good strong" : "numeric"}>
                {one.amount > 0 ? "+" : ""}
                {/* Between one's own purses nothing comes or goes: how much moved, without a sign. */}
                {money(one.amount === 0 ? one.moved : one.amount)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Screen>
  );
}

function Part({
  name,
  hint,
  amount,
  isMain,
}: {
  name: string;
  hint: string;
  amount: number;
  isMain?: boolean;
}) {
  const { money } = useTexts();
  return (
    <div className="row">
      <div className="grow stack tight">
        <span className={isMain ? "strong" : undefined}>{name}</span>
        <span className="dim small">{hint}</span>
      </div>
      <span className={isMain ? "balance" : "price"}>{money(amount)}</span>
    </div>
  );
}

function Withdraw({ available }: { available: number }) {
  const { t } = useTexts();
  const give = useGive();
  const say = useSay();
  const { attempt, isBusy, fields } = useAttempt();
  const [isOpen, setIsOpen] = useState(false);
  const [amount, setAmount] = useState("");
  const [method, setMethod] = useState("");
  const [tap, setTap] = useState(() => crypto.randomUUID());
  if (available <= 0) return null;
  if (!isOpen) {
    return (
      <Button kind="plain" onPress={() => setIsOpen(true)}>
        {t.wallet.withdraw}
      </Button>
    );
  }
  const withdraw = () =>
    attempt(async () => {
      await give({
        kind: "money.withdraw",
        subject: tap,
        method: "POST",
        path: "/api/user/withdraw",
        body: { amount: Number(amount.replace(",", ".")), method: method.trim() },
      });
      say(t.wallet.requested, "good");
      setTap(crypto.randomUUID());
      setIsOpen(false);
      setAmount("");
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
      <TextField
        label={t.wallet.method}
        value={method}
        onChange={setMethod}
        error={fields.method}
        hint={t.wallet.methodHint}
        maxLength={200}
      />
      <div className="row answers">
        <Button kind="plain" onPress={() => setIsOpen(false)}>
          {t.cancel}
        </Button>
        <Button isBusy={isBusy} isDisabled={!amount || !method.trim()} onPress={() => void withdraw()}>
          {t.wallet.withdraw}
        </Button>
      </div>
    </section>
  );
}
