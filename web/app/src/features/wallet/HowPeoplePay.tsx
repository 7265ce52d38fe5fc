// How people pay here, in the server's own words: also that it is in cash.
import { dataOf } from "@peerpack/client";
import { useClient, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";

/** The terms of money, read once and kept. */
export function useMoneyTerms() {
  const { api } = useClient();
  return useRead(["money-terms"], async () => dataOf(await api.GET("/api/money/terms"))).data;
}

export function HowPeoplePay() {
  const { language } = useTexts();
  const terms = useMoneyTerms();
  if (!terms) return null;
  return <p className="dim small">{language === "ru" ? terms.text_ru : terms.text_en}</p>;
}
