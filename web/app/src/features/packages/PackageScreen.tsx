// One's own package: its state, who responded, why nobody yet, and what can be done with it.
import { type components, dataOf } from "@peerpack/client";
import { useState } from "react";
import { useLocation } from "wouter";
import { useClient, useGive, useRead } from "../../live/index.tsx";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import {
  Avatar,
  Button,
  Failed,
  Pill,
  Screen,
  Skeletons,
  Stars,
  useAttempt,
  useSay,
  Way,
} from "../../ui/index.ts";
import { stateText, toneOf } from "../../ui/states.ts";
import { Deal } from "../deliveries/index.ts";

type Package = components["schemas"]["PackageView"];
type Response = components["schemas"]["ResponseView"];

/** States of a request that make it a deal. */
const DEALS = new Set(["accepted", "picked_up", "delivered", "disputed", "confirmed"]);

export default function PackageScreen({ id }: { id: string }) {
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
      {found.isError && <Failed error={found.error} onAgain={() => void found.refetch()} />}
      {parcel && <Summary parcel={parcel} />}
      {parcel && deal && (
        <Deal
          side="sender"
          requestId={deal.id}
          packageId={id}
          state={deal.state}
          hasCodes={parcel.hand_over_codes}
          other={deal.courier_name}
        />
      )}
      {parcel?.state === "open" && <Responses parcel={parcel} />}
      {parcel?.state === "open" && <Why id={id} />}
    </Screen>
  );
}

function Summary({ parcel }: { parcel: Package }) {
  const { t, money } = useTexts();
  const { api } = useClient();
  const platform = usePlatform();
  const give = useGive();
  const say = useSay();
  const [, go] = useLocation();
  const { attempt, isBusy } = useAttempt();
  const callOff = () => {
    if (!confirm(t.mine.callOffSure)) return;
    void attempt(async () => {
      await give({
        kind: "package.cancel",
        subject: parcel.id,
        method: "PUT",
        path: `/api/packages/${parcel.id}/cancel`,
        body: {},
      });
      go("/mine", { replace: true });
    });
  };
  const share = () =>
    attempt(async () => {
      const link = dataOf(
        await api.POST("/api/packages/{package_id}/tracking-link", {
          params: { path: { package_id: parcel.id } },
        }),
      );
      await platform.share(new URL(link.path, location.origin).href, parcel.description);
      if (platform.name === "browser") say(t.mine.copied);
    });
  const isLive = ["assigned", "in_transit", "delivered"].includes(parcel.state);
  return (
    <div className="card">
      <div className="row wrap">
        <Pill tone={toneOf(parcel.state)}>{stateText(t, parcel.state)}</Pill>
        <span className="grow" />
        <span className="price">{money(parcel.reward)}</span>
      </div>
      <Way points={[{ title: parcel.from }, { title: parcel.to }]} />
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
      {parcel.state === "open" && (
        <Button kind="bad" isBusy={isBusy} onPress={callOff}>
          {t.mine.callOff}
        </Button>
      )}
    </div>
  );
}

function Responses({ parcel }: { parcel: Package }) {
  const { t } = useTexts();
  const waiting = parcel.responses.filter(one => one.state === "pending" || one.state === "agreed");
  if (waiting.length === 0) return null;
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
  const { t, money } = useTexts();
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
      <div className="row">
        <Avatar name={response.courier_name} url={response.courier_avatar} />
        <div className="grow stack tight">
          <span className="strong">{response.courier_name}</span>
          <span className="dim small">
            <Stars value={response.courier_rating} /> {response.date} {response.time}
          </span>
        </div>
        <span className="price">{money(response.price)}</span>
      </div>
      {response.comment && <p>{response.comment}</p>}
      <div className="row">
        <Pill tone={toneOf(response.state)}>{stateText(t, response.state)}</Pill>
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
      {found.isError && <Failed error={found.error} onAgain={() => void found.refetch()} />}
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
