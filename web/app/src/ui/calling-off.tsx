// What calling a package off would mean, said before the tap that does it.
import { dataOf } from "@peerpack/client";
import { useClient, useRead } from "../live/index.tsx";
import { useTexts } from "../texts/index.tsx";

interface CallingOffProps {
  packageId: string;
  /** What is asked. It stands alone until the server has said what follows, or where it cannot. */
  question: string;
}

/** The question, and before it the rule of the marketplace that applies now, to who asks. */
export function CallingOff({ packageId, question }: CallingOffProps) {
  const { language } = useTexts();
  const { api } = useClient();
  const rule = useRead(
    ["cancellation", packageId],
    async () =>
      dataOf(
        await api.GET("/api/packages/{package_id}/cancellation", {
          params: { path: { package_id: packageId } },
        }),
      ),
    { ids: [packageId] },
  ).data;
  return (
    <>
      {rule && <span className="rule">{language === "ru" ? rule.text_ru : rule.text_en} </span>}
      {question}
    </>
  );
}
