// Oneself: name and picture, language, documents for the verified mark, devices, and the way out.
import { dataOf } from "@peerpack/client";
import { lazy, Suspense, useEffect, useState } from "react";
import { useClient, useGive, useRead } from "../../live/index.tsx";
import { LANGUAGES, type Language, useTexts } from "../../texts/index.tsx";
import {
  Avatar,
  Button,
  Failed,
  Pill,
  Reputation,
  Screen,
  Segments,
  Skeletons,
  SureButton,
  TextField,
  useAttempt,
} from "../../ui/index.ts";
import { TalkLinks } from "../../ui/TalkLink.tsx";
import { Messages } from "./Messages.tsx";
import { Subscriptions } from "./Subscriptions.tsx";

const TownLink = lazy(() => import("../../ui/TownLink.tsx"));

export default function ProfileScreen() {
  const { t, language, setLanguage } = useTexts();
  const client = useClient();
  const { api, files, session } = client;
  const give = useGive();
  const { attempt, isBusy, fields } = useAttempt();
  const profile = useRead(["profile"], async () => dataOf(await api.GET("/api/user/profile")), {
    topics: ["documents"],
  });
  const [name, setName] = useState("");
  const known = profile.data?.name;
  useEffect(() => setName(known ?? ""), [known]);
  const save = (body: { name: string }) =>
    attempt(async () => {
      await give({
        kind: "profile.change",
        subject: JSON.stringify(body),
        method: "PATCH",
        path: "/api/user/profile",
        body,
      });
      await profile.refetch();
    });
  const picture = (file: File) =>
    attempt(async () => {
      await files.upload("/api/user/avatar", file, language);
      await profile.refetch();
    });
  const leave = () =>
    attempt(async () => {
      await api.DELETE("/api/user/account");
      await session.signOut();
    });
  if (!profile.data) {
    return (
      <Screen title={t.profile.title}>
        {profile.isPending ? (
          <Skeletons />
        ) : (
          <Failed error={profile.error} onAgain={() => void profile.refetch()} />
        )}
      </Screen>
    );
  }
  const me = profile.data;
  return (
    <Screen title={t.profile.title}>
      <TalkLinks />
      <Suspense>
        <TownLink />
      </Suspense>
      <div className="card">
        <div className="row">
          <Avatar name={me.name} url={me.avatar} />
          <div className="grow stack tight">
            <span className="strong">
              {me.name} {me.verified && <Pill tone="good">{t.verified}</Pill>}
            </span>
            <span className="dim small">
              <Reputation rating={me.rating} reviews={me.reviews_count} deals={me.trips_count} />
            </span>
          </div>
        </div>
        <label className="button" data-kind="plain" aria-busy={isBusy}>
          {t.profile.picture}
          <input
            className="hidden"
            type="file"
            accept="image/jpeg,image/png,image/webp"
            onChange={event => event.target.files?.[0] && void picture(event.target.files[0])}
          />
        </label>
        <TextField
          label={t.profile.name}
          value={name}
          onChange={setName}
          error={fields.name}
          maxLength={200}
          autoComplete="name"
        />
        {name.trim() !== me.name && (
          <Button
            isBusy={isBusy}
            isDisabled={name.trim() === ""}
            onPress={() => void save({ name: name.trim() })}
          >
            {t.profile.save}
          </Button>
        )}
      </div>
      <div className="card">
        <span className="dim small">{t.profile.language}</span>
        <Segments
          label={t.profile.language}
          value={language}
          onChange={setLanguage}
          segments={Object.entries(LANGUAGES).map(([value, title]) => ({ value: value as Language, title }))}
        />
      </div>
      <Messages />
      <Subscriptions />
      <Documents />
      <Sessions />
      <Button kind="plain" onPress={() => void session.signOut()}>
        {t.profile.signOut}
      </Button>
      <SureButton
        question={t.profile.leaveSure}
        yes={t.profile.leaveYes}
        isBusy={isBusy}
        onYes={() => void leave()}
      >
        {t.profile.leave}
      </SureButton>
    </Screen>
  );
}

function Documents() {
  const { t, language, day } = useTexts();
  const { api, files } = useClient();
  const { attempt, isBusy } = useAttempt();
  const found = useRead(["documents"], async () => dataOf(await api.GET("/api/user/documents")), {
    topics: ["documents"],
  });
  const send = (file: File) =>
    attempt(async () => {
      await files.upload("/api/user/documents", file, language);
      await found.refetch();
    });
  return (
    <section className="card">
      <h2>{t.profile.documents}</h2>
      <p className="dim small">{t.profile.documentsHint}</p>
      {found.data?.documents.map(one => (
        <div key={one.id} className="row wrap">
          <Pill tone={one.status === "approved" ? "good" : one.status === "declined" ? "bad" : "warm"}>
            {t.profile.documentStatus[one.status as "pending"]}
          </Pill>
          <span className="dim small">{day(one.created_at)}</span>
          {one.reason && <span className="small">{one.reason}</span>}
        </div>
      ))}
      <label className="button" data-kind="plain" aria-busy={isBusy}>
        {t.profile.addDocument}
        <input
          className="hidden"
          type="file"
          accept="image/jpeg,image/png,image/webp,application/pdf"
          onChange={event => event.target.files?.[0] && void send(event.target.files[0])}
        />
      </label>
    </section>
  );
}

/** A browser and a system out of what browsers say of themselves; anything else as it is. */
function deviceOf(agent: string): string {
  const browser = /(Edg|OPR|YaBrowser|Firefox|Chrome|Safari)\b/.exec(agent)?.[1];
  const system = /(Android|iPhone|iPad|Windows|Mac OS X|Linux)/.exec(agent)?.[1];
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera", "Mac OS X": "macOS" };
  const known = [browser, system].flatMap(name => (name ? [names[name] ?? name] : []));
  return known.join(", ") || agent;
}

function Sessions() {
  const { t, when } = useTexts();
  const { api } = useClient();
  const { attempt, isBusy } = useAttempt();
  const found = useRead(["sessions"], async () => dataOf(await api.GET("/api/user/sessions")).sessions);
  const end = (id: string) =>
    attempt(async () => {
      await api.DELETE("/api/user/sessions/{session_id}", { params: { path: { session_id: id } } });
      await found.refetch();
    });
  return (
    <section className="card">
      <h2>{t.profile.sessions}</h2>
      {found.data?.map(one => (
        <div key={one.id} className="row">
          <div className="grow stack tight">
            <span className="small">{deviceOf(one.device)}</span>
            <span className="dim small">
              {one.is_current ? t.profile.thisDevice : when(one.last_seen_at)}
            </span>
          </div>
          {!one.is_current && (
            <Button kind="quiet" isBusy={isBusy} onPress={() => void end(one.id)}>
              {t.profile.end}
            </Button>
          )}
        </div>
      ))}
    </section>
  );
}
