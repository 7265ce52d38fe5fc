// Before anybody is signed in: the promise, and a way in by phone. A phone of the demo signs itself in.
import { useEffect, useState } from "react";
import { useClient } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Button, Skeletons, TextField, useAttempt } from "../../ui/index.ts";

export default function Door({ scope, isDemo }: { scope: string; isDemo: boolean }) {
  return isDemo && scope !== "me" ? <DemoSignIn scope={scope} /> : <PhoneSignIn />;
}

/** Signs in as a person of the demo, with init data that the server has signed. */
function DemoSignIn({ scope }: { scope: string }) {
  const { session } = useClient();
  const { t } = useTexts();
  const { attempt } = useAttempt();
  const [hasFailed, setHasFailed] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once when it appears, and again on demand
  useEffect(() => {
    if (hasFailed) return;
    void attempt(async () => {
      const [name, number] = scope.split("-");
      const query = new URLSearchParams({ user: number ?? "1", name: name === "ivan" ? "Иван" : "Анна" });
      const response = await fetch(`/dev/login?${query}`);
      const { init_data } = (await response.json()) as { init_data: string };
      return session.withTelegram(init_data);
    }).then(user => setHasFailed(user === undefined));
  }, [hasFailed]);
  return (
    <main className="screen">
      {hasFailed ? <Button onPress={() => setHasFailed(false)}>{t.again}</Button> : <Skeletons />}
    </main>
  );
}

function PhoneSignIn() {
  const { t } = useTexts();
  const { session } = useClient();
  const { attempt, isBusy, fields } = useAttempt();
  const [phone, setPhone] = useState("");
  const [code, setCode] = useState("");
  const [challenge, setChallenge] = useState<string>();
  return (
    <main className="door">
      <div className="brand">
        <img src="/icon.svg" alt="" width={48} height={48} />
        <h1>{t.app}</h1>
      </div>
      <p>{t.door.promise}</p>
      {challenge === undefined ? (
        <form
          className="card"
          onSubmit={event => {
            event.preventDefault();
            void attempt(async () => setChallenge((await session.requestCode(phone)).challenge_id));
          }}
        >
          <TextField
            label={t.door.phone}
            type="tel"
            value={phone}
            onChange={setPhone}
            error={fields.phone}
            autoComplete="tel"
            inputMode="tel"
            placeholder="+7 900 000-00-00"
          />
          <Button type="submit" isWide isBusy={isBusy} isDisabled={phone.trim() === ""}>
            {t.door.getCode}
          </Button>
        </form>
      ) : (
        <form
          className="card"
          onSubmit={event => {
            event.preventDefault();
            void attempt(() => session.withCode(phone, code, challenge));
          }}
        >
          <p>{t.door.codeSent(phone)}</p>
          <TextField
            label={t.door.code}
            value={code}
            onChange={setCode}
            error={fields.code}
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={8}
          />
          <Button type="submit" isWide isBusy={isBusy} isDisabled={code.trim() === ""}>
            {t.door.signIn}
          </Button>
          <Button kind="quiet" onPress={() => setChallenge(undefined)}>
            {t.door.otherPhone}
          </Button>
        </form>
      )}
      <p className="dim small">{t.door.telegram}</p>
    </main>
  );
}
