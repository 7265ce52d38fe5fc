// A deal from the acceptance to the last word, as one of its two parties sees it: the timeline and the next step.
import type { RequestChange } from "@peerpack/client";
import { useLive } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Note, Way } from "../../ui/index.ts";
import WriteButton from "../../ui/TalkLink.tsx";
import { Cancel } from "./Cancel.tsx";
import { CourierStep } from "./CourierStep.tsx";
import { DealMap, type End } from "./DealMap.tsx";
import { Review } from "./Review.tsx";
import { SenderStep } from "./SenderStep.tsx";
import { Sharing } from "./Sharing.tsx";
import { STEPS } from "./steps.ts";

interface DealProps {
  side: "sender" | "courier";
  requestId: string;
  packageId: string;
  tripId: string;
  /** Where it changes hands. */
  from: End;
  to: End;
  /** The request's state as it was read; a later one that the stream has told counts more. */
  state: string;
  hasCodes: boolean;
  /** The other party's name. */
  other: string;
  /** When the hand-overs are planned, in words. */
  planned?: { pickup: string; delivery: string } | undefined;
}

export default function Deal(props: DealProps) {
  const { t } = useTexts();
  const told: RequestChange | undefined = useLive(({ state }) => state?.requests[props.requestId]);
  const state = told ? told.new_status : props.state;
  const plans: Partial<Record<string, string>> = {
    picked_up: props.planned?.pickup,
    delivered: props.planned?.delivery,
  };
  const isUnderWay = state === "accepted" || state === "picked_up";
  const reached = state === "disputed" ? 2 : STEPS.indexOf(state as (typeof STEPS)[number]);
  return (
    <>
      <section className="card timeline" aria-label={t.delivery.title}>
        <span className="dim small">
          {props.side === "sender" ? t.mine.courier : t.mine.sender}:{" "}
          <span className="strong ink">{props.other}</span>
        </span>
        <WriteButton to={{ request_id: props.requestId }} />
        <Way
          points={STEPS.map((step, at) => ({
            title: t.delivery.steps[step],
            isDone: at <= reached,
            isNow: at === reached + 1,
            detail: at > reached && plans[step] ? t.delivery.planned(plans[step]) : undefined,
          }))}
        />
        {isUnderWay && props.side === "sender" && <DealMap {...props} state={state} />}
        {isUnderWay && props.side === "courier" && <Sharing />}
        {state === "disputed" && <Note tone="bad">{t.delivery.disputed}</Note>}
      </section>
      {props.side === "courier" ? (
        <CourierStep {...props} state={state} />
      ) : (
        <SenderStep {...props} state={state} />
      )}
      {state === "confirmed" && <Review requestId={props.requestId} />}
      {state === "accepted" && <Cancel packageId={props.packageId} requestId={props.requestId} />}
    </>
  );
}
