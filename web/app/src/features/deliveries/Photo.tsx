// The photograph at the pickup: the courier takes it, both parties see it.
import { useEffect, useState } from "react";
import { useClient } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { useAttempt } from "../../ui/index.ts";

export function Photo({ requestId, isReadOnly }: { requestId: string; isReadOnly?: boolean }) {
  const { t } = useTexts();
  const { files } = useClient();
  const { attempt, isBusy } = useAttempt();
  const [picture, setPicture] = useState<string>();
  const [count, setCount] = useState(0);
  const path = `/api/package-requests/${requestId}/pickup-photo`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is loaded again after each upload
  useEffect(() => {
    let address: string | undefined;
    void files.download(path).then(blob => {
      if (!blob) return;
      address = URL.createObjectURL(blob);
      setPicture(address);
    });
    return () => {
      if (address) URL.revokeObjectURL(address);
    };
  }, [files, path, count]);
  if (picture) {
    return (
      <figure className="stack tight">
        <img src={picture} alt={t.delivery.photo} style={{ width: "100%", borderRadius: 14 }} />
        <figcaption className="dim small">{t.delivery.photoAdded}</figcaption>
      </figure>
    );
  }
  if (isReadOnly) return null;
  const add = (file: File) =>
    attempt(async () => {
      await files.upload(path, file);
      setCount(before => before + 1);
    });
  return (
    <label className="button" data-kind="plain" aria-busy={isBusy}>
      {t.delivery.addPhoto}
      <input
        className="hidden"
        type="file"
        accept="image/jpeg,image/png,image/webp"
        capture="environment"
        onChange={event => event.target.files?.[0] && void add(event.target.files[0])}
      />
    </label>
  );
}
