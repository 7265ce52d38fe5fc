// The codes of the hand-overs: a picture to be scanned, and six digits for everybody else.
import { dataOf } from "@peerpack/client";
import { renderSVG } from "uqr";
import { useClient, useLive, useRead } from "../../live/index.tsx";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Button, Failed, Skeletons, useSay } from "../../ui/index.ts";

export function Codes({ requestId }: { requestId: string }) {
  const { t } = useTexts();
  const platform = usePlatform();
  const say = useSay();
  const codes = useCodes(requestId);
  const passOn = async (text: string) => {
    if ((await platform.share(text)) === "copied") say(t.delivery.codeCopied);
  };
  if (codes.isPending) return <Skeletons count={1} />;
  if (codes.isError) return <Failed error={codes.error} onAgain={() => void codes.refetch()} />;
  const { pickup, delivery } = codes.data;
  return (
    <section className="card">
      {pickup && <OneCode hint={t.delivery.showPickup} code={pickup.code} qr={pickup.qr} />}
      {pickup && delivery && <hr />}
      {delivery && <OneCode hint={t.delivery.showDelivery} code={delivery.code} qr={delivery.qr} />}
      {delivery && (
        <Button kind="plain" onPress={() => void passOn(t.delivery.codeForReceiver(spaced(delivery.code)))}>
          {t.delivery.passOn}
        </Button>
      )}
    </section>
  );
}

const spaced = (code: string) => `${code.slice(0, 3)} ${code.slice(3)}`;

function OneCode({ hint, code, qr }: { hint: string; code: string; qr: string }) {
  const picture = `data:image/svg+xml;utf8,${encodeURIComponent(renderSVG(qr, { border: 1 }))}`;
  return (
    <div className="codes">
      <img className="qr" src={picture} alt="" width={132} height={132} />
      <div className="stack tight">
        <span className="dim small">{hint}</span>
        <span className="code">{spaced(code)}</span>
      </div>
    </div>
  );
}

/** The deal's codes as its sender may see them. */
function useCodes(requestId: string) {
  const { api } = useClient();
  const told = useLive(({ state }) => state?.requests[requestId]?.new_status ?? "");
  return useRead(["codes", requestId, told], async () =>
    dataOf(
      await api.GET("/api/package-requests/{request_id}/codes", {
        params: { path: { request_id: requestId } },
      }),
    ),
  );
}
