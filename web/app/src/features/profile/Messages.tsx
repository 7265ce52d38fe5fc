// What the bot writes of, and when it does not.
import { type components, dataOf } from "@peerpack/client";
import { useClient, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Check, TextField, useAttempt } from "../../ui/index.ts";
import { MESSAGES } from "./messages.ts";

type Settings = components["schemas"]["BotNotifications"];
type QuietHours = components["schemas"]["QuietHours"];
type Kind = components["schemas"]["NotificationType"];

/** What is meant by a night if nothing else was said. */
const NIGHT = { from: "23:00", to: "08:00" };

export function Messages() {
  const { language } = useTexts();
  const t = MESSAGES[language];
  const { api } = useClient();
  const { attempt, fields } = useAttempt();
  const found = useRead(["bot"], async () => dataOf(await api.GET("/api/bot/notifications")));
  const settings = found.data;
  if (!settings) return null;
  const after = (change: () => Promise<unknown>) =>
    attempt(async () => {
      await change();
      await found.refetch();
    });
  const toggle = (enabled: boolean) =>
    after(async () => dataOf(await api.POST("/api/bot/notifications/toggle", { body: { enabled } })));
  const prefer = (eventType: Kind, enabled: boolean) =>
    after(async () =>
      dataOf(await api.POST("/api/bot/notifications/preference", { body: { eventType, enabled } })),
    );
  const rest = (quietHours: QuietHours | null) =>
    after(async () => dataOf(await api.POST("/api/bot/notifications/quiet-hours", { body: { quietHours } })));
  return (
    <section className="card">
      <h2>{t.title}</h2>
      <p className="dim small">{settings.available ? t.hint : t.unavailable}</p>
      <Check label={t.on} value={settings.notificationsEnabled} onChange={value => void toggle(value)} />
      {settings.notificationsEnabled && (
        <>
          {Object.entries(t.kinds).map(([kind, title]) => (
            <Check
              key={kind}
              label={title}
              value={isOn(settings, kind)}
              onChange={value => void prefer(kind as Kind, value)}
            />
          ))}
          <Quiet settings={settings} rest={rest} error={fields.to ?? fields.from} />
        </>
      )}
    </section>
  );
}

/** Whether one hears of a kind: the answer has a member for each. */
function isOn(settings: Settings, kind: string): boolean {
  return (settings as unknown as Record<string, unknown>)[kind] !== false;
}

interface QuietProps {
  settings: Settings;
  rest: (hours: QuietHours | null) => Promise<unknown>;
  error: string | undefined;
}

function Quiet({ settings, rest, error }: QuietProps) {
  const { language } = useTexts();
  const t = MESSAGES[language];
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const hours = settings.quietHours ?? undefined;
  return (
    <>
      <Check
        label={t.quiet}
        value={hours !== undefined}
        onChange={value => void rest(value ? { ...NIGHT, zone } : null)}
      />
      {hours && (
        <div className="row">
          <TextField
            label={t.from}
            type="time"
            value={hours.from}
            onChange={from => from && void rest({ ...hours, from })}
          />
          <TextField
            label={t.to}
            type="time"
            value={hours.to}
            error={error}
            onChange={to => to && void rest({ ...hours, to })}
          />
        </div>
      )}
    </>
  );
}
