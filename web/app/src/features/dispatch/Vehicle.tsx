// What somebody drives, and where: said once, before the first time on duty.
import { useState } from "react";
import { useGive } from "../../live/index.tsx";
import { type TownDriver, type TownRegion, useFreshTown } from "../../live/town.ts";
import { useTownTexts } from "../../texts/town.ts";
import { Choices, MainAction, Select, TextField, useAttempt } from "../../ui/index.ts";

const SEATS = ["1", "2", "3", "4", "6", "8"] as const;

interface VehicleProps {
  known?: TownDriver | undefined;
  regions: readonly TownRegion[];
  onDone?: () => void;
}

export function Vehicle({ known, regions, onDone }: VehicleProps) {
  const t = useTownTexts();
  const give = useGive();
  const refresh = useFreshTown();
  const { attempt, isBusy, fields } = useAttempt();
  const [model, setModel] = useState(known?.car_model ?? "");
  const [plate, setPlate] = useState(known?.plate_number ?? "");
  const [seats, setSeats] = useState(String(known?.capacity ?? 4));
  const [region, setRegion] = useState(known?.region.id ?? regions[0]?.id ?? "");
  const save = () =>
    attempt(async () => {
      const body = {
        car_model: model.trim(),
        plate_number: plate.trim(),
        capacity: Number(seats),
        region_id: region,
      };
      await give({
        kind: "ride.vehicle",
        subject: JSON.stringify(body),
        method: "PUT",
        path: "/api/mobile/drivers/profile",
        body,
      });
      await refresh();
      onDone?.();
    });
  return (
    <>
      <section className="card">
        <h2>{t.vehicle}</h2>
        <p className="dim small">{t.vehicleHint}</p>
        <TextField
          label={t.model}
          value={model}
          onChange={setModel}
          error={fields.car_model}
          maxLength={100}
        />
        <TextField
          label={t.plate}
          value={plate}
          onChange={setPlate}
          error={fields.plate_number}
          maxLength={100}
        />
        <Choices
          label={t.seats}
          value={seats}
          onChange={setSeats}
          choices={[...new Set([...SEATS, seats])].map(value => ({ value, title: value }))}
        />
        <div className="field">
          <span className="label">{t.region}</span>
          <div className="row">
            <Select
              label={t.region}
              value={region}
              onChange={setRegion}
              choices={regions.map(({ id, title }) => [id, title] as const)}
            />
          </div>
        </div>
      </section>
      <MainAction
        text={t.become}
        isEnabled={model.trim() !== "" && plate.trim() !== ""}
        isBusy={isBusy}
        onPress={() => void save()}
      />
    </>
  );
}
