// One's own package: its state, who responded, why nobody yet, and what can be done with it.
import { type components, dataOf } from "@peerpack/client";
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import { useClient, useGive, useRead } from "../../live/index.tsx";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { CallingOff } from "../../ui/calling-off.tsx";
import Highlight from "../../ui/Highlight.tsx";
import {
  Button,
  choiceOf,
  Failed,
  Note,
  PersonRow,
  Pill,
  Screen,
  Skeletons,
  Stars,
  SureButton,
  stateText,
  toneOf,
  useAttempt,
  useSay,
  Way,
} from "../../ui/index.ts";

type Package = components["schemas"]["PackageView"];
type Response = components["schemas"]["ResponseView"];

/** States of a request that make it a deal. */
const DEALS = new Set(["accepted", "picked_up", "delivered", "disputed", "confirmed"]);

interface PackageScreenProps {
  id: string;
  /** The deal that the package is in, from the hand-over to the review. */
  deal: (parcel: Package, response: Response) => ReactNode;
}

export default function PackageScreen({ id, deal: dealOf }: PackageScreenProps) {
  const { t } = useTexts();
  const { api } = useClient();
  const [, go] = useLocation();
  const found = useRead(
    ["package", id],
    async () => dataOf(await api.GET("/api/packages/{package_id}", { params: { path: { package_id: id } } })),
    { ids: [id] },
  );
  const parcel = found.data;
  const deal = parcel?.responses.find(one => DEALS.has(one.state));
  return (
    <Screen title={parcel?.description ?? t.mine.packages} onBack={() => go("/mine")}>
      {found.isPending && <Skeletons count={2} />}
      {found.isError && !found.data && <Failed error={found.error} onAgain={() => void found.refetch()} />}
      {parcel && <Summary parcel={parcel} />}
      {parcel && deal && dealOf(parcel, deal)}
      {parcel?.state === "open" && (
        <>
          <Responses parcel={parcel} />
          {parcel.mode === "choose" && <Highlight of={{ package_id: id }} until={parcel.highlighted_until} />}
          <Why id={id} />
          <CallOff id={id} />
        </>
      )}
      {parcel && (parcel.state === "confirmed" || parcel.state === "cancelled") && <Again parcel={parcel} />}
    </Screen>
  );
}

function Summary({ parcel }: { parcel: Package }) {
  const { t, money, place, when } = useTexts();
  const { api } = useClient();
  const platform = usePlatform();
  const say = useSay();
  const { attempt, isBusy } = useAttempt();
  const share = () =>
    attempt(async () => {
      const link = dataOf(
        await api.POST("/api/packages/{package_id}/tracking-link", {
          params: { path: { package_id: parcel.id } },
        }),
      );
      const how = await platform.share(parcel.description, new URL(link.path, location.origin).href);
      if (how === "copied") say(t.mine.copied);
    });
  const isLive = ["assigned", "in_transit", "delivered"].includes(parcel.state);
  return (
    <div className="card">
      <div className="row wrap">
        <Pill tone={toneOf(parcel.state)}>{stateText(t, parcel.state)}</Pill>
        <span className="grow" />
        <span className="price">{money(parcel.reward)}</span>
      </div>
      <Way
        points={[
          { title: place(parcel.from_place), detail: parcel.pickup_address || undefined },
          {
            title: place(parcel.to_place),
            detail: parcel.delivery_address || t.parcels.until(when(parcel.deliver_by, parcel.to_tz)),
          },
        ]}
      />
      <div className="row wrap">
        <Pill>{t.size[parcel.size as keyof typeof t.size] ?? parcel.size}</Pill>
        <Pill>{t.weight[parcel.weight as keyof typeof t.weight] ?? parcel.weight}</Pill>
        {parcel.tags.map(tag => (
          <Pill key={tag}>{tag}</Pill>
        ))}
      </div>
      {isLive && (
        <Button kind="plain" isBusy={isBusy} onPress={() => void share()}>
          {t.mine.track}
        </Button>
      )}
    </div>
  );
}

function CallOff({ id }: { id: string }) {
  const { t } = useTexts();
  const give = useGive();
  const [, go] = useLocation();
  const { attempt, isBusy } = useAttempt();
  const callOff = () =>
    attempt(async () => {
      await give({
        kind: "package.cancel",
        subject: id,
        method: "PUT",
        path: `/api/packages/${id}/cancel`,
        body: {},
      });
      go("/mine", { replace: true });
    });
  return (
    <SureButton
      question={<CallingOff packageId={id} question={t.mine.callOffSure} />}
      yes={t.mine.callOffYes}
      isBusy={isBusy}
      onYes={() => void callOff()}
    >
      {t.mine.callOff}
    </SureButton>
  );
}

/** Sends the like once more: a new package that begins with what this one was. */
function Again({ parcel }: { parcel: Package }) {
  const { t } = useTexts();
  const { preferences } = usePlatform();
  const [, go] = useLocation();
  const repeat = async () => {
    const draft = {
      from: choiceOf(parcel.from_place),
      to: choiceOf(parcel.to_place),
      pickupAddress: parcel.pickup_address,
      deliveryAddress: parcel.delivery_address,
      description: parcel.description,
      size: parcel.size,
      weight: parcel.weight,
      reward: String(parcel.reward),
      mode: parcel.mode,
      hasCodes: parcel.hand_over_codes,
    };
    await preferences.set("draft.package", JSON.stringify(draft));
    go("/new/package");
  };
  return (
    <Button kind="plain" onPress={() => void repeat()}>
      {t.mine.repeat}
    </Button>
  );
}

function Responses({ parcel }: { parcel: Package }) {
  const { t } = useTexts();
  const waiting = parcel.responses.filter(one => one.state === "pending" || one.state === "agreed");
  if (waiting.length === 0)
    return <Note>{parcel.mode === "choose" ? t.mine.waitingChoose : t.mine.waiting}</Note>;
  return (
    <section className="stack">
      <h2>{t.mine.responses}</h2>
      {waiting.map(one => (
        <ResponseCard key={one.id} packageId={parcel.id} response={one} />
      ))}
    </section>
  );
}

function ResponseCard({ packageId, response }: { packageId: string; response: Response }) {
  const { t, money, when } = useTexts();
  const give = useGive();
  const { attempt, isBusy } = useAttempt();
  const choose = () =>
    attempt(() =>
      give({
        kind: "courier.select",
        subject: response.id,
        method: "POST",
        path: `/api/packages/${packageId}/select-courier`,
        body: { response_id: response.id },
      }),
    );
  return (
    <div className="card">
      <PersonRow
        name={response.courier_name}
        url={response.courier_avatar}
        about={
          <>
            <Stars value={response.courier_rating} /> {when(response.departs_at, response.from_tz)}
          </>
        }
        end={<span className="price">{money(response.price)}</span>}
      />
      {response.comment && <p className="quote">{response.comment}</p>}
      <div className="row wrap">
        <Pill tone={toneOf(response.state)}>
          {response.state === "pending" ? t.mine.waitsForYou : stateText(t, response.state)}
        </Pill>
        <span className="grow" />
        {response.status === "pending" && response.state === "pending" && (
          <Button isBusy={isBusy} onPress={() => void choose()}>
            {t.mine.choose}
          </Button>
        )}
      </div>
    </div>
  );
}

/** Why nobody has taken it yet, in words. */
function Why({ id }: { id: string }) {
  const { t, language } = useTexts();
  const { api } = useClient();
  const [isOpen, setIsOpen] = useState(false);
  const found = useRead(
    ["explain", id],
    async () =>
      dataOf(await api.GET("/api/packages/{package_id}/explain", { params: { path: { package_id: id } } })),
    { ids: [id] },
    isOpen,
  );
  if (!isOpen) {
    return (
      <Button kind="plain" onPress={() => setIsOpen(true)}>
        {t.mine.why}
      </Button>
    );
  }
  return (
    <section className="card">
      <h2>{t.mine.why}</h2>
      {found.isPending && <Skeletons count={1} />}
      {found.isError && !found.data && <Failed error={found.error} onAgain={() => void found.refetch()} />}
      {found.data && (
        <>
          <p className="dim">{t.mine.considered(found.data.considered)}</p>
          <ul className="stack">
            {found.data.verdicts.slice(0, 12).map(verdict => (
              <li key={verdict.trip_id} className="stack tight">
                <span className="strong">{verdict.courier_name}</span>
                <span className="dim small">{language === "ru" ? verdict.text_ru : verdict.text_en}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
