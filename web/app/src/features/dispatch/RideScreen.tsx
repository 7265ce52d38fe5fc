// One ride of a passenger, whatever has become of it.
import { useLocation } from "wouter";
import { useTownTexts } from "../../texts/town.ts";
import { Screen } from "../../ui/index.ts";
import { RideCard } from "./RideCard.tsx";
import "./town.css";

export default function RideScreen({ id }: { id: string }) {
  const t = useTownTexts();
  const [, go] = useLocation();
  return (
    <Screen title={t.title} onBack={() => go("/town")}>
      <RideCard id={id} />
    </Screen>
  );
}
