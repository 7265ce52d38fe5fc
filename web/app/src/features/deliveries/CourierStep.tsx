// What the courier of a deal does next: take the parcel, hand it over.
import { useState } from "react";
import { useClient, useCommandAbout, useGive } from "../../live/index.tsx";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Button, CommandNote, Note, TextField, useAttempt } from "../../ui/index.ts";
import { Photo } from "./Photo.tsx";
import type { StepProps } from "./steps.ts";

export function CourierStep({ requestId, hasCodes, state }: StepProps) {
  const { t } = useTexts();
  const { outbox } = useClient();
  const platform = usePlatform();
  const give = useGive();
  const { attempt, isBusy, fields } = useAttempt();
  const [code, setCode] = useState("");
  const command = useCommandAbout(requestId);
  const next = { accepted: "pickup", picked_up: "mark-delivered" }[state];
  if (state === "delivered") return <Note>{t.delivery.waits}</Note>;
  if (!next) return null;
  const step = (given: string) =>
    attempt(
      async () => {
        await give({
          kind: `request.${next}`,
          subject: requestId,
          method: "PUT",
          path: `/api/package-requests/${requestId}/${next}`,
          body: hasCodes ? { code: given.replace(/\D/g, "") } : {},
        });
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
            error={fields.code}
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
