// Backing out of a deal before the pickup.
import { useGive } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { CallingOff } from "../../ui/calling-off.tsx";
import { SureButton, useAttempt } from "../../ui/index.ts";

interface CancelProps {
  packageId: string;
  requestId: string;
}

export function Cancel({ packageId, requestId }: CancelProps) {
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
      question={<CallingOff packageId={packageId} question={t.delivery.cancelSure} />}
      yes={t.delivery.cancelYes}
      isBusy={isBusy}
      onYes={() => void cancel()}
    >
      {t.delivery.cancel}
    </SureButton>
  );
}
