// A new package in three short steps, with a kept draft and what a dry run says of it.
import { dataOf } from "@peerpack/client";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useLocation } from "wouter";
import { useAskToWrite } from "../../live/asking.ts";
import { useClient, useGive, useLive } from "../../live/index.tsx";
import { isDemo, usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import {
  BackpackIcon,
  BookIcon,
  Button,
  Check,
  Choices,
  LetterIcon,
  MainAction,
  Note,
  type PlaceChoice,
  PlaceField,
  Screen,
  SIZES,
  type Size,
  SuitcaseIcon,
  TextField,
  useAttempt,
  useDraft,
  useSay,
  WEIGHTS,
  type Weight,
} from "../../ui/index.ts";

const PayIn = lazy(() => import("../../ui/PayIn.tsx"));

interface Draft {
  from?: PlaceChoice | undefined;
  to?: PlaceChoice | undefined;
  pickupAddress: string;
  deliveryAddress: string;
  description: string;
  size: Size;
  weight: Weight;
  reward: string;
  mode: "instant" | "best" | "choose";
  hasCodes: boolean;
  isAllowed: boolean;
}

const EMPTY: Draft = {
  pickupAddress: "",
  deliveryAddress: "",
  description: "",
  size: "s",
  weight: "light",
  reward: "",
  mode: "instant",
  hasCodes: true,
  isAllowed: false,
};

/** What a person of the demo may send with one tap: the people of its world do not travel there. */
const EXAMPLE: Partial<Draft> = {
  from: { id: "2022890", name_ru: "Хабаровск", name_en: "Khabarovsk", tz: "Asia/Vladivostok" },
  to: { id: "2013348", name_ru: "Владивосток", name_en: "Vladivostok", tz: "Asia/Vladivostok" },
  pickupAddress: "ул. Муравьёва-Амурского, 10",
  deliveryAddress: "ул. Светланская, 10",
  description: "Две книги и игрушка",
  reward: "3000",
  isAllowed: true,
};

const SIZE_ICONS = { xs: LetterIcon, s: BookIcon, m: BackpackIcon, l: SuitcaseIcon };

/** The body of the API for a draft. */
function bodyOf(draft: Draft) {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  return {
    ...(draft.from ? { from: { place_id: draft.from.id } } : {}),
    ...(draft.to ? { to: { place_id: draft.to.id } } : {}),
    description: draft.description.trim(),
    reward: Number(draft.reward) || 0,
    size: draft.size,
    weight: draft.weight,
    tags: [],
    pickup_address: draft.pickupAddress.trim(),
    delivery_address: draft.deliveryAddress.trim(),
    mode: draft.mode === "choose" ? ("choose" as const) : ("instant" as const),
    ...(draft.mode === "best" ? { confirm_by: tomorrow } : {}),
    hand_over_codes: draft.hasCodes,
    contents_confirmed: draft.isAllowed,
  };
}

export default function NewPackageScreen() {
  const { t } = useTexts();
  const [, go] = useLocation();
  const say = useSay();
  const give = useGive();
  const platform = usePlatform();
  const askToWrite = useAskToWrite();
  const { draft, change, forget, isRestored } = useDraft<Draft>("package", EMPTY);
  const [step, setStep] = useState(0);
  const { attempt, isBusy, fields } = useAttempt();
  const [tap] = useState(() => crypto.randomUUID());

  const canGoOn = [
    draft.from !== undefined && draft.to !== undefined,
    draft.description.trim() !== "",
    draft.isAllowed && Number(draft.reward) >= 0,
  ][step];
  const back = () => (step === 0 ? go("/") : setStep(step - 1));
  const publish = () =>
    attempt(async () => {
      const { package_id } = await give<{ package_id: string }>({
        kind: "package.publish",
        subject: tap,
        method: "POST",
        path: "/api/packages",
        body: bodyOf(draft),
      });
      await forget();
      platform.haptic("done");
      // From now on there is something to be told of while the app is closed.
      askToWrite();
      say(t.newPackage.published, "good");
      go(`/package/${package_id}`, { replace: true });
    });
  return (
    <Screen title={t.newPackage.title} onBack={back} aside={<span className="dim">{`${step + 1} / 3`}</span>}>
      {isRestored && step === 0 && <Note>{t.newPackage.draft}</Note>}
      <h2>{t.newPackage.steps[step]}</h2>
      {step === 0 && (
        <div className="card">
          <PlaceField
            label={t.newPackage.from}
            value={draft.from}
            onChange={from => change({ from })}
            error={fields.from}
          />
          <TextField
            label={`${t.newPackage.pickupAddress}, ${t.optional}`}
            value={draft.pickupAddress}
            onChange={pickupAddress => change({ pickupAddress })}
            error={fields.pickup_address}
            maxLength={200}
            autoComplete="street-address"
          />
          <PlaceField
            label={t.newPackage.to}
            value={draft.to}
            onChange={to => change({ to })}
            error={fields.to}
          />
          <TextField
            label={`${t.newPackage.deliveryAddress}, ${t.optional}`}
            value={draft.deliveryAddress}
            onChange={deliveryAddress => change({ deliveryAddress })}
            error={fields.delivery_address}
            hint={t.newPackage.addressHint}
            maxLength={200}
          />
          {isDemo && (
            <Button
              kind="quiet"
              onPress={() => {
                change(EXAMPLE);
                setStep(2);
              }}
            >
              {t.newPackage.example}
            </Button>
          )}
        </div>
      )}
      {step === 1 && (
        <div className="card">
          <TextField
            label={t.newPackage.description}
            value={draft.description}
            onChange={description => change({ description })}
            error={fields.description}
            placeholder={t.newPackage.descriptionHint}
            maxLength={2_000}
          />
          <Choices
            label={t.newPackage.size}
            value={draft.size}
            onChange={size => change({ size })}
            choices={SIZES.map(value => {
              const Icon = SIZE_ICONS[value];
              return { value, title: t.size[value], icon: <Icon /> };
            })}
          />
          <Choices
            label={t.newPackage.weight}
            value={draft.weight}
            onChange={weight => change({ weight })}
            choices={WEIGHTS.map(value => ({ value, title: t.weight[value] }))}
          />
        </div>
      )}
      {step === 2 && (
        <>
          <div className="card">
            <TextField
              label={t.newPackage.reward}
              value={draft.reward}
              onChange={reward => change({ reward: reward.replace(/[^\d]/g, "") })}
              error={fields.reward}
              inputMode="numeric"
              maxLength={7}
            />
            <Reach draft={draft} />
          </div>
          <Missing draft={draft} />
          <div className="card">
            <Choices
              isList
              label={t.newPackage.mode}
              value={draft.mode}
              onChange={mode => change({ mode })}
              choices={(["instant", "best", "choose"] as const).map(value => ({
                value,
                title: t.newPackage.modes[value][0] ?? "",
                detail: t.newPackage.modes[value][1],
              }))}
            />
            <Check
              label={t.newPackage.codes}
              hint={t.newPackage.codesHint}
              value={draft.hasCodes}
              onChange={hasCodes => change({ hasCodes })}
            />
            <Check
              label={t.newPackage.forbidden}
              hint={t.newPackage.forbiddenHint}
              value={draft.isAllowed}
              onChange={isAllowed => change({ isAllowed })}
            />
          </div>
          <p className="dim small">{t.newPackage.rule}</p>
        </>
      )}
      {step < 2 ? (
        <MainAction text={t.next} isEnabled={canGoOn === true} onPress={() => setStep(step + 1)} />
      ) : (
        <MainAction
          text={t.newPackage.publish}
          isEnabled={canGoOn === true}
          isBusy={isBusy}
          onPress={() => void publish()}
        />
      )}
    </Screen>
  );
}

/** What a dry run says of a draft: anew once the person's money has changed. */
function useDryRun(draft: Draft) {
  const { api } = useClient();
  const body = bodyOf(draft);
  const wallet = useLive(({ state }) => state?.versions.wallet ?? 0);
  const what = [draft.from?.id, draft.to?.id, draft.size, draft.weight, draft.reward, draft.mode];
  const { data } = useQuery({
    queryKey: ["dry-run", ...what, wallet],
    queryFn: async () => dataOf(await api.POST("/api/packages/dry-run", { body })),
    enabled: draft.from !== undefined && draft.to !== undefined && draft.reward !== "",
    placeholderData: before => before,
    retry: false,
  });
  return data;
}

/** How many couriers would see the package, and how many for a fifth more. */
function Reach({ draft }: { draft: Draft }) {
  const { t, money, language } = useTexts();
  const data = useDryRun(draft);
  if (!data) return null;
  return (
    <div className="stack tight" aria-live="polite">
      <span className="strong">{t.newPackage.reach(data.couriers)}</span>
      <span className="dim small">
        {data.with_more_reward.couriers > data.couriers
          ? t.newPackage.reachMore(money(data.with_more_reward.reward), data.with_more_reward.couriers)
          : t.newPackage.reachLater}
      </span>
      <span className="small">{language === "ru" ? data.price.text_ru : data.price.text_en}</span>
    </div>
  );
}

/** The way to pay exactly what is missing for the package, if something is. */
function Missing({ draft }: { draft: Draft }) {
  const wanting = useDryRun(draft)?.price.pay_in;
  if (!wanting) return null;
  return (
    <Suspense>
      <PayIn methods={wanting.methods} missing={wanting.amount} />
    </Suspense>
  );
}
