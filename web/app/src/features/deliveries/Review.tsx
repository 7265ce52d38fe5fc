// One word about the other party of a deal, once.
import { useState } from "react";
import { useCommandAbout, useGive } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Button, Note, Rating, TextField, useAttempt, useSay } from "../../ui/index.ts";

export function Review({ requestId }: { requestId: string }) {
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
