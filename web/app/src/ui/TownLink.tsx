// The way to rides in town from other screens, where there are any.
import { Link } from "wouter";
import { useTownRegions } from "../live/town.ts";
import { useTownTexts } from "../texts/town.ts";

export default function TownLink() {
  const t = useTownTexts();
  const regions = useTownRegions();
  if (!regions.data?.length) return null;
  return (
    <Link href="/town" className="button" data-kind="plain">
      {t.title}
    </Link>
  );
}
