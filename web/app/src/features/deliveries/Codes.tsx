// The codes of the hand-overs: a picture to be scanned, and six digits for everybody else.
import { renderSVG } from "uqr";
import { useTexts } from "../../texts/index.tsx";
import { Failed, Skeletons } from "../../ui/index.ts";
import { useCodes } from "./Deal.tsx";

export function Codes({ requestId }: { requestId: string }) {
  const { t } = useTexts();
  const codes = useCodes(requestId);
  if (codes.isPending) return <Skeletons count={1} />;
  if (codes.isError) return <Failed error={codes.error} onAgain={() => void codes.refetch()} />;
  const { pickup, delivery } = codes.data;
  return (
    <section className="card">
      {pickup && <OneCode hint={t.delivery.showPickup} code={pickup.code} qr={pickup.qr} />}
      {delivery && <OneCode hint={t.delivery.showDelivery} code={delivery.code} qr={delivery.qr} />}
    </section>
  );
}

function OneCode({ hint, code, qr }: { hint: string; code: string; qr: string }) {
  const picture = `data:image/svg+xml;utf8,${encodeURIComponent(renderSVG(qr, { border: 1 }))}`;
  return (
    <div className="codes">
      <img className="qr" src={picture} alt="" width={132} height={132} />
      <div className="stack tight">
        <span className="dim small">{hint}</span>
        <span className="code">{`${code.slice(0, 3)} ${code.slice(3)}`}</span>
      </div>
    </div>
  );
}
