// Rides in town: somebody needs one, or drives.
import { useLocation } from "wouter";
import { useTownRegions } from "../../live/town.ts";
import { useTownTexts } from "../../texts/town.ts";
import { Empty, Loaded, Screen, Segments } from "../../ui/index.ts";
import { Duty } from "./Duty.tsx";
import { Ride } from "./Ride.tsx";
import "./town.css";

export default function TownScreen({ side }: { side: "ride" | "duty" }) {
  const t = useTownTexts();
  const [, go] = useLocation();
  const regions = useTownRegions();
  return (
    <Screen title={t.title} onBack={() => go("/me")}>
      <Loaded read={regions}>
        {found =>
          found.length === 0 ? (
            <Empty title={t.off} hint={t.offHint} />
          ) : (
            <>
              <Segments
                label={t.title}
                value={side}
                onChange={next => go(next === "duty" ? "/town/duty" : "/town", { replace: true })}
                segments={[
                  { value: "ride", title: t.ride },
                  { value: "duty", title: t.duty },
                ]}
              />
              {side === "ride" ? <Ride /> : <Duty regions={found} />}
            </>
          )
        }
      </Loaded>
    </Screen>
  );
}
