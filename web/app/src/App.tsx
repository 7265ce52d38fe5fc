// The frame of the app: providers around it, one route per screen, and the tabs below.
import type { components, PeerPack } from "@peerpack/client";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Link, Route, Router, Switch, useLocation } from "wouter";
import { OfferBell } from "./features/offers/OfferBell.tsx";
import { StartScreen } from "./features/start/StartScreen.tsx";
import { type Load, later } from "./later.ts";
import { LiveProvider, useClient, useGive, useLive, useOpenOffers, useUser } from "./live/index.tsx";
import { isDemo, type Platform, PlatformProvider, useNewerBuild, usePlatform } from "./platform/index.tsx";
import type { Texts } from "./texts/en.ts";
import { type Language, languageOf, TextsProvider, useTexts } from "./texts/index.tsx";
import {
  Button,
  MeIcon,
  MineIcon,
  Note,
  OffersIcon,
  Skeletons,
  StartIcon,
  Toasts,
  WalletIcon,
} from "./ui/index.ts";

const loads: Load[] = [() => import("./features/start/Found.tsx")];
const Door = lazy(() => import("./features/door/Door.tsx"));
const Market = lazy(() => import("./features/door/Market.tsx"));
const OffersScreen = later(loads, () => import("./features/offers/OffersScreen.tsx"));
const MineScreen = later(loads, () => import("./features/mine/MineScreen.tsx"));
const Parcels = later(loads, () => import("./features/parcels/Parcels.tsx"));
const TripScreen = later(loads, () => import("./features/trips/TripScreen.tsx"));
const MyTripScreen = later(loads, () => import("./features/trips/MyTripScreen.tsx"));
const NewPackageScreen = later(loads, () => import("./features/packages/NewPackageScreen.tsx"));
const PackageScreen = later(loads, () => import("./features/packages/PackageScreen.tsx"));
const Deal = later(loads, () => import("./features/deliveries/Deal.tsx"));
const WalletScreen = later(loads, () => import("./features/wallet/WalletScreen.tsx"));
const ProfileScreen = later(loads, () => import("./features/profile/ProfileScreen.tsx"));
// The screens that nobody starts with come in a part of their own, and all of them with it.
const More = lazy(() => import("./More.tsx"));
loads.push(async () => (await import("./More.tsx")).loadMore());

type Schemas = components["schemas"];

interface AppProps {
  platform: Platform;
  client: PeerPack;
  /** The reader's language with its sentences. */
  texts: { language: Language; t: Texts };
  /** Whose storage this is; `me` outside of the demo. */
  scope: string;
}

export function App({ platform, client, texts, scope }: AppProps) {
  // The two phones of the demo are frames of this very app; around them is the market, which is nobody's phone.
  const isMarket = isDemo && scope === "me" && platform.name === "browser" && location.pathname === "/";
  return (
    <PlatformProvider platform={platform}>
      <TextsProvider initial={texts}>
        <LiveProvider client={client}>
          <Toasts>
            <Suspense fallback={<Skeletons />}>{isMarket ? <Market /> : <Phone scope={scope} />}</Suspense>
          </Toasts>
        </LiveProvider>
      </TextsProvider>
    </PlatformProvider>
  );
}

/** The app of one person. */
function Phone({ scope }: { scope: string }) {
  const user = useUser();
  const { t, when } = useTexts();
  // Everything a frame of the demo navigates to stays that person's.
  const query = scope === "me" ? "" : `?as=${scope}`;
  const isSignedIn = user !== undefined;
  const [isSettled, setIsSettled] = useState(false);
  useEffect(() => {
    if (!isSignedIn) return;
    return whenIdle(async () => {
      await Promise.all(loads.map(load => load().catch(() => undefined)));
      setIsSettled(true);
    });
  }, [isSignedIn]);
  const changeOver = useNewerBuild(isSettled);
  const dealOf = (parcel: Schemas["PackageView"], deal: Schemas["ResponseView"]) => (
    <Deal
      side="sender"
      requestId={deal.id}
      packageId={parcel.id}
      tripId={deal.trip_id}
      from={parcel.from_place}
      to={parcel.to_place}
      state={deal.state}
      hasCodes={parcel.hand_over_codes}
      other={deal.courier_name}
      planned={{
        pickup: when(deal.departs_at, deal.from_tz),
        delivery: when(deal.arrives_at, deal.to_tz),
      }}
    />
  );
  if (!user) return <Door scope={scope} isDemo={isDemo} />;
  return (
    <Router hrefs={href => href + query} aroundNav={(go, to, options) => go(to + query, options)}>
      <div className="shell">
        <Connection />
        {changeOver && <NewerBuild onTap={changeOver} />}
        <StartParameter />
        <TellLanguage known={user.language ?? undefined} />
        {scope !== "me" && <TellFrame who={scope} />}
        <Suspense
          fallback={
            <main className="screen">
              <Skeletons />
            </main>
          }
        >
          <Switch>
            <Route path="/">
              <StartScreen
                parcels={
                  <Suspense fallback={<Skeletons />}>
                    <Parcels title={t.parcels.onTrips} />
                  </Suspense>
                }
              />
            </Route>
            <Route path="/offers" component={OffersScreen} />
            <Route path="/mine" component={MineScreen} />
            <Route path="/wallet" component={WalletScreen} />
            <Route path="/me" component={ProfileScreen} />
            <Route path="/new/package" component={NewPackageScreen} />
            <Route path="/trip/:id">{({ id }) => <TripScreen id={id} />}</Route>
            <Route path="/my-trip/:id">
              {({ id }) => (
                <MyTripScreen id={id} parcels={<Parcels tripId={id} title={t.parcels.waiting} />} />
              )}
            </Route>
            <Route path="/package/:id">{({ id }) => <PackageScreen id={id} deal={dealOf} />}</Route>
            <Route component={More} />
          </Switch>
        </Suspense>
        <Tabs />
        <OfferBell />
      </div>
    </Router>
  );
}

/** Runs once nothing more urgent is to be done. Returns how to call it off. */
function whenIdle(work: () => unknown): () => void {
  // Safari has no idle callbacks.
  if (!("requestIdleCallback" in globalThis)) {
    const timer = setTimeout(work, 1_500);
    return () => clearTimeout(timer);
  }
  const idle = requestIdleCallback(work, { timeout: 4_000 });
  return () => cancelIdleCallback(idle);
}

function Tabs() {
  const { t } = useTexts();
  const [path] = useLocation();
  const waiting = useOpenOffers()?.length ?? 0;
  const tabs = [
    { to: "/", text: t.nav.start, Icon: StartIcon, count: 0 },
    { to: "/mine", text: t.nav.mine, Icon: MineIcon, count: 0 },
    { to: "/offers", text: t.nav.offers, Icon: OffersIcon, count: waiting },
    { to: "/wallet", text: t.nav.wallet, Icon: WalletIcon, count: 0 },
    { to: "/me", text: t.nav.me, Icon: MeIcon, count: 0 },
  ];
  // What one writes in has the whole of a small screen, also above a keyboard; a wide window has room for both.
  const isForm = /^.(new|chat)\//.test(path);
  return (
    <nav className="tabs" data-form={isForm ? "" : undefined}>
      <span className="brand" aria-hidden="true">
        <img src="/icon.svg" alt="" width={32} height={32} />
        {t.app}
      </span>
      {tabs.map(({ to, text, Icon, count }) => (
        <Link key={to} href={to} aria-current={path === to ? "page" : undefined}>
          <Icon />
          <span>{text}</span>
          {count > 0 && <span className="badge">{count}</span>}
        </Link>
      ))}
    </nav>
  );
}

/** Says what is wrong with the connection; nothing when all is well. */
function Connection() {
  const { t } = useTexts();
  const connectivity = useLive(snapshot => snapshot.connectivity);
  const isDegraded = useLive(snapshot => snapshot.isDegraded);
  const isLoaded = useLive(snapshot => snapshot.state !== undefined);
  const isConnecting = connectivity === "connecting";
  // A start takes its moment; what takes longer is said.
  const [isLong, setIsLong] = useState(false);
  useEffect(() => {
    setIsLong(false);
    if (!isConnecting) return;
    const timer = setTimeout(() => setIsLong(true), 4_000);
    return () => clearTimeout(timer);
  }, [isConnecting]);
  if (connectivity === "over") return <Note tone="bad">{t.connection.over}</Note>;
  if (isDegraded) return <Note tone="warm">{t.connection.degraded}</Note>;
  if (isConnecting && isLong) return <Note tone="warm">{t.connection.offline}</Note>;
  if (isConnecting && isLoaded) return <Note>{t.connection.connecting}</Note>;
  return null;
}

/** Tells the server the reader's language: what it writes of by itself is in that of the profile. */
function TellLanguage({ known }: { known: string | undefined }) {
  const { language } = useTexts();
  const give = useGive();
  const told = useRef(known === undefined ? undefined : languageOf(known));
  useEffect(() => {
    if (told.current === language) return;
    told.current = language;
    const change = { method: "PATCH", path: "/api/user/profile", body: { language } } as const;
    void give({ kind: "profile.language", subject: language, ...change }).catch(() => undefined);
  }, [language, give]);
  return null;
}

/** Offers a newer build; anybody who is in the middle of something goes on with this one. */
function NewerBuild({ onTap }: { onTap: () => void }) {
  const { t } = useTexts();
  return (
    <div className="note row" role="status">
      <span className="grow">{t.newer.text}</span>
      <Button kind="quiet" onPress={onTap}>
        {t.newer.load}
      </Button>
    </div>
  );
}

/** Tells the page around a phone of the demo what has happened. */
function TellFrame({ who }: { who: string }) {
  const { live } = useClient();
  useEffect(
    () =>
      live.onEvent(({ type, at }) =>
        parent.postMessage({ peerpack: "event", who, type, at }, location.origin),
      ),
    [live, who],
  );
  return null;
}

/** Opens what the app was opened for: `pkg_…`, `trip_…`, `req_…`. */
function StartParameter() {
  const [, go] = useLocation();
  const { startParam } = usePlatform();
  useEffect(() => {
    const [kind, id] = startParam?.split("_") ?? [];
    if (kind === "pkg" && id) go(`/package/${id}`, { replace: true });
    else if (kind === "trip" && id) go(`/trip/${id}`, { replace: true });
    else if (kind === "req") go("/offers", { replace: true });
  }, [go, startParam]);
  return null;
}
