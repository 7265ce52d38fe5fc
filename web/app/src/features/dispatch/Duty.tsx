// What somebody has who drives: the switch of their duty, the order that rings, the one that they have, and their day.
import { dataOf, type TownMessage } from "@peerpack/client";
import { useEffect, useState } from "react";
import { useClient, useGive } from "../../live/index.tsx";
import {
  orNull,
  type TownDriver,
  type TownRegion,
  useFreshTown,
  useTownRead,
  useTownSocket,
  useWhereabouts,
} from "../../live/town.ts";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { useTownTexts } from "../../texts/town.ts";
import { Button, Check, Loaded, Note, useAttempt } from "../../ui/index.ts";
import { DutyOffers } from "./DutyOffers.tsx";
import { DutyRide } from "./DutyRide.tsx";
import { Orders } from "./Orders.tsx";
import { isOver } from "./orders.ts";
import { Vehicle } from "./Vehicle.tsx";

export function Duty({ regions }: { regions: readonly TownRegion[] }) {
  const { api } = useClient();
  const [number, setNumber] = useState<number>();
  const platform = usePlatform();
  const isLive = useTownSocket("drivers", number, ({ type }: TownMessage) => {
    // Felt at once; what it is about is read with everything else.
    if (type === "new_order") platform.haptic("arrived");
    return false;
  });
  const me = useTownRead(["driver"], () => orNull(api.GET("/api/mobile/drivers/profile")), { isLive });
  const own = me.data?.id;
  useEffect(() => setNumber(own), [own]);
  return (
    <Loaded read={me}>
      {known =>
        known ? <OnDuty me={known} regions={regions} isLive={isLive} /> : <Vehicle regions={regions} />
      }
    </Loaded>
  );
}

interface OnDutyProps {
  me: TownDriver;
  regions: readonly TownRegion[];
  isLive: boolean;
}

function OnDuty({ me, regions, isLive }: OnDutyProps) {
  const t = useTownTexts();
  const { api } = useClient();
  const [isChanging, setIsChanging] = useState(false);
  const isKnown = useWhereabouts(me.is_online);
  const isBusy = me.status === "enroute_to_pickup" || me.status === "on_trip";
  const active = useTownRead(
    ["drive"],
    async () => dataOf(await api.GET("/api/mobile/drivers/active-order")).order ?? null,
    { isLive, isWanted: isBusy },
  );
  const orders = useTownRead(
    ["drives", me.status],
    async () => dataOf(await api.GET("/api/mobile/drivers/orders")).results,
    { isMoving: false },
  );
  if (isChanging) {
    return (
      <>
        <Vehicle known={me} regions={regions} onDone={() => setIsChanging(false)} />
        <Button kind="quiet" onPress={() => setIsChanging(false)}>
          {t.keepVehicle}
        </Button>
      </>
    );
  }
  return (
    <>
      <Switch me={me} isBusy={isBusy} onChange={() => setIsChanging(true)} />
      {me.is_online && isKnown === false && <Note tone="warm">{t.positionAsked}</Note>}
      {isBusy && active.data && <DutyRide order={active.data} me={me} />}
      {me.is_online && !isBusy && <DutyOffers isLive={isLive} />}
      <Figures status={me.status} />
      <Orders title={t.drives} orders={orders.data?.filter(({ status }) => isOver(status))} />
    </>
  );
}

function Switch({ me, isBusy, onChange }: { me: TownDriver; isBusy: boolean; onChange: () => void }) {
  const t = useTownTexts();
  const give = useGive();
  const platform = usePlatform();
  const refresh = useFreshTown();
  const { attempt, isBusy: isChanging } = useAttempt();
  // What was tapped is shown until the server has said what there is.
  const [wanted, setWanted] = useState<boolean>();
  const set = async (is_online: boolean) => {
    setWanted(is_online);
    await attempt(async () => {
      // The position is asked for now, and of nobody who does not drive.
      if (is_online) await platform.location();
      await give({
        kind: "ride.duty",
        subject: `${me.id}`,
        method: "PATCH",
        path: "/api/mobile/drivers/online-status",
        body: { is_online },
      });
      await refresh();
    });
    setWanted(undefined);
  };
  return (
    <section className="card" aria-busy={isChanging}>
      <div className="row wrap">
        <span className="grow stack tight">
          <span className="strong">{me.name}</span>
          <span className="dim small">
            {me.car_model} · {me.plate_number} · {me.region.title}
          </span>
        </span>
      </div>
      <Check
        label={t.onDuty}
        hint={isBusy ? t.busy : t.onDutyHint}
        value={wanted ?? me.is_online}
        onChange={is_online => {
          if (!isBusy && !isChanging) void set(is_online);
        }}
      />
      {!isBusy && (
        <Button kind="quiet" onPress={onChange}>
          {t.changeVehicle}
        </Button>
      )}
    </section>
  );
}

function Figures({ status }: { status: TownDriver["status"] }) {
  const t = useTownTexts();
  const { number } = useTexts();
  const { api } = useClient();
  const found = useTownRead(
    ["figures", status],
    async () => dataOf(await api.GET("/api/mobile/drivers/statistics")),
    { isMoving: false },
  );
  if (!found.data) return null;
  const { completed_today, completed_orders, acceptance_rate, orders_called_off } = found.data;
  const figures = [
    [t.figures.today, number(completed_today)],
    [t.figures.all, number(completed_orders)],
    [t.figures.rate, acceptance_rate == null ? "—" : `${number(acceptance_rate * 100, 0)} %`],
    [t.figures.calledOff, number(orders_called_off)],
  ] as const;
  return (
    <section className="card">
      <h2>{t.today}</h2>
      <dl className="town-figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
