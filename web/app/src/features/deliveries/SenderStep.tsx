// What the sender of a deal does next: show codes, confirm, or say that something is wrong.
import { useState } from "react";
import { useClient, useCommandAbout, useGive } from "../../live/index.tsx";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Button, CheckIcon, CommandNote, TextField, useAttempt } from "../../ui/index.ts";
import { Codes } from "./Codes.tsx";
import { Photo } from "./Photo.tsx";
import type { StepProps } from "./steps.ts";

export function SenderStep({ requestId, hasCodes, state }: StepProps) {
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
