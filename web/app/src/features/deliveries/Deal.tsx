// A deal from the acceptance to the last word, as one of its two parties sees it: the timeline and the next step.
import type { Command, RequestChange } from "@peerpack/client";
import { useState } from "react";
import { useClient, useCommandAbout, useCommands, useGive, useLive } from "../../live/index.tsx";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import {
  Button,
  CheckIcon,
  CommandNote,
  Note,
  Rating,
  SureButton,
  TextField,
  useAttempt,
  useSay,
  Way,
} from "../../ui/index.ts";
import { Codes } from "./Codes.tsx";
import { Photo } from "./Photo.tsx";

interface DealProps {
  side: "sender" | "courier";
  requestId: string;
  packageId: string;
  /** The request's state as it was read; a later one that the stream has told counts more. */
  state: string;
  hasCodes: boolean;
  /** The other party's name. */
  other: string;
  /** When the hand-overs are planned, in words. */
  planned?: { pickup: string; delivery: string } | undefined;
}

const STEPS = ["accepted", "picked_up", "delivered", "confirmed"] as const;

export default function Deal(props: DealProps) {
  const { t } = useTexts();
  const told: RequestChange | undefined = useLive().state?.requests[props.requestId];
  const state = told ? told.new_status : props.state;
  const plans: Partial<Record<string, string>> = {
    picked_up: props.planned?.pickup,
    delivered: props.planned?.delivery,
  };
  const reached = state === "disputed" ? 2 : STEPS.indexOf(state as (typeof STEPS)[number]);
  return (
    <>
      <section className="card timeline" aria-label={t.delivery.title}>
        <span className="dim small">
          {props.side === "sender" ? t.mine.courier : t.mine.sender}:{" "}
          <span className="strong ink">{props.other}</span>
        </span>
        <Way
          points={STEPS.map((step, at) => ({
            title: t.delivery.steps[step],
            isDone: at <= reached,
            isNow: at === reached + 1,
            detail: at > reached && plans[step] ? t.delivery.planned(plans[step]) : undefined,
          }))}
        />
        {state === "disputed" && <Note tone="bad">{t.delivery.disputed}</Note>}
      </section>
      {props.side === "courier" ? (
        <CourierStep {...props} state={state} />
      ) : (
        <SenderStep {...props} state={state} />
      )}
      {state === "confirmed" && <Review requestId={props.requestId} />}
      {state === "accepted" && <Cancel requestId={props.requestId} />}
    </>
  );
}

/** Whether a command was sent with a code, or refused for want of one. */
function asksForCode({ body, problem }: Command): boolean {
  const hadCode = typeof body === "object" && body !== null && "code" in body;
  return hadCode || problem?.fields.code !== undefined;
}

/** What the courier does next: take the parcel, hand it over. */
function CourierStep({ requestId, hasCodes: isKnown, state }: DealProps) {
  const { t } = useTexts();
  const { outbox } = useClient();
  const platform = usePlatform();
  const give = useGive();
  const { attempt, isBusy, fields } = useAttempt();
  const [code, setCode] = useState("");
  const [wasGiven, setWasGiven] = useState(false);
  const command = useCommandAbout(requestId);
  // The server says so when a package changes hands only with its code; what holds for one hand-over holds for both.
  const isAsked = useCommands().some(one => one.subject === requestId && asksForCode(one));
  const hasCodes = isKnown || code !== "" || isAsked;
  const next = { accepted: "pickup", picked_up: "mark-delivered" }[state];
  if (state === "delivered") return <Note>{t.delivery.waits}</Note>;
  if (!next) return null;
  const step = (given: string) =>
    attempt(
      async () => {
        setWasGiven(hasCodes);
        await give({
          kind: `request.${next}`,
          subject: requestId,
          method: "PUT",
          path: `/api/package-requests/${requestId}/${next}`,
          body: hasCodes ? { code: given.replace(/\D/g, "") } : {},
        });
        setWasGiven(false);
        setCode("");
        platform.haptic("done");
      },
      problem => problem.fields.code !== undefined,
    );
  const scan = async () => {
    const read = await platform.scanQr(t.delivery.scan);
    const digits = /\d{6}/.exec(read ?? "")?.[0];
    if (digits) await step(digits);
  };
  return (
    <section className="card">
      {hasCodes && (
        <>
          {platform.canScanQr && (
            <Button isWide isBusy={isBusy} onPress={() => void scan()}>
              {t.delivery.scan}
            </Button>
          )}
          <TextField
            label={t.delivery.codeAsk}
            value={code}
            onChange={setCode}
            // That a code is wanted is no mistake of anybody's.
            error={wasGiven ? fields.code : undefined}
            hint={state === "accepted" ? t.delivery.askCode : t.delivery.askCodeThere}
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={8}
          />
        </>
      )}
      {!command?.problem?.fields.code && <CommandNote command={command} onAgain={() => outbox.resume()} />}
      <Button
        isWide
        isBusy={isBusy}
        isDisabled={hasCodes && code.replace(/\D/g, "").length !== 6}
        onPress={() => void step(code)}
      >
        {state === "accepted" ? t.delivery.pickUp : t.delivery.deliver}
      </Button>
      {state === "picked_up" && <Photo requestId={requestId} />}
    </section>
  );
}

/** What the sender does next: show codes, confirm, or say that something is wrong. */
function SenderStep({ requestId, hasCodes, state }: DealProps) {
  const { t } = useTexts();
  const { outbox } = useClient();
  const platform = usePlatform();
  const give = useGive();
  const { attempt, isBusy } = useAttempt();
  const command = useCommandAbout(requestId);
  const [isDisputing, setIsDisputing] = useState(false);
  const [reason, setReason] = useState("");
  const confirmDelivery = () =>
    attempt(async () => {
      await give({
        kind: "request.confirm",
        subject: requestId,
        method: "PUT",
        path: `/api/package-requests/${requestId}/confirm-delivery`,
        body: {},
      });
      platform.haptic("done");
    });
  const dispute = () =>
    attempt(async () => {
      await give({
        kind: "request.dispute",
        subject: requestId,
        method: "PUT",
        path: `/api/package-requests/${requestId}/dispute`,
        body: { reason: reason.trim() },
      });
      setIsDisputing(false);
    });
  return (
    <>
      {hasCodes && (state === "accepted" || state === "picked_up") && <Codes requestId={requestId} />}
      {(state === "picked_up" || state === "delivered") && <Photo requestId={requestId} isReadOnly />}
      {state === "delivered" && (
        <section className="card">
          <CommandNote command={command} onAgain={() => outbox.resume()} />
          <Button isWide isBusy={isBusy} onPress={() => void confirmDelivery()}>
            <CheckIcon /> {t.delivery.confirm}
          </Button>
          <p className="dim small">{t.delivery.silence}</p>
          {isDisputing ? (
            <>
              <TextField
                label={t.delivery.disputeWhat}
                isLong
                value={reason}
                onChange={setReason}
                maxLength={2_000}
              />
              <Button
                kind="bad"
                isBusy={isBusy}
                isDisabled={reason.trim() === ""}
                onPress={() => void dispute()}
              >
                {t.delivery.send}
              </Button>
            </>
          ) : (
            <Button kind="bad" onPress={() => setIsDisputing(true)}>
              {t.delivery.dispute}
            </Button>
          )}
        </section>
      )}
    </>
  );
}

/** Backs out of the deal before the pickup. */
function Cancel({ requestId }: { requestId: string }) {
  const { t } = useTexts();
  const give = useGive();
  const { attempt, isBusy } = useAttempt();
  const cancel = () =>
    attempt(() =>
      give({
        kind: "request.cancel",
        subject: requestId,
        method: "PUT",
        path: `/api/package-requests/${requestId}/cancel`,
        body: {},
      }),
    );
  return (
    <SureButton
      question={t.delivery.cancelSure}
      yes={t.delivery.cancelYes}
      isBusy={isBusy}
      onYes={() => void cancel()}
    >
      {t.delivery.cancel}
    </SureButton>
  );
}

/** One word about the other party, once. */
function Review({ requestId }: { requestId: string }) {
  const { t } = useTexts();
  const give = useGive();
  const say = useSay();
  const [rating, setRating] = useState(0);
  const [text, setText] = useState("");
  const { attempt, isBusy } = useAttempt();
  const command = useCommandAbout(requestId, "request.review");
  if (command?.state === "done" || command?.problem?.status === 409)
    return <Note tone="good">{t.delivery.reviewed}</Note>;
  const send = () =>
    attempt(async () => {
      await give({
        kind: "request.review",
        subject: requestId,
        method: "POST",
        path: `/api/package-requests/${requestId}/review`,
        body: { rating, text: text.trim() },
      });
      say(t.delivery.reviewed, "good");
    });
  return (
    <section className="card">
      <h2>{t.delivery.review}</h2>
      <Rating label={t.delivery.review} value={rating} onChange={setRating} />
      {rating > 0 && (
        <>
          <TextField
            label={`${t.delivery.reviewText}, ${t.optional}`}
            value={text}
            onChange={setText}
            maxLength={2_000}
          />
          <Button isBusy={isBusy} onPress={() => void send()}>
            {t.delivery.send}
          </Button>
        </>
      )}
    </section>
  );
}
