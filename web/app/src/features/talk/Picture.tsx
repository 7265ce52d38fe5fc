// A picture that only the two see: it is asked for as the user of the session.
import { useEffect, useState } from "react";
import { useClient } from "../../live/index.tsx";
import { useTalkTexts } from "../../texts/talk.ts";

export function Picture({ path }: { path: string }) {
  const t = useTalkTexts();
  const { files } = useClient();
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    let made: string | undefined;
    let isWanted = true;
    files
      .download(new URL(path, location.origin).pathname)
      .then(blob => {
        if (!isWanted || !blob) return;
        made = URL.createObjectURL(blob);
        setUrl(made);
      })
      .catch(() => undefined);
    return () => {
      isWanted = false;
      if (made) URL.revokeObjectURL(made);
    };
  }, [files, path]);
  return url ? <img className="talk-picture" src={url} alt={t.picture} /> : <div className="talk-picture" />;
}
