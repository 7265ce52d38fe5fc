// A mark in lists is sold inside Telegram, and everybody sees it; outside of Telegram the app says where to go.
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Account, expect, Phone, Server, soon, test } from "./support/index.ts";
import { openTelegram, THEMES } from "./support/telegram.ts";

interface BotApi {
  server: HttpServer;
  url: string;
  /** The invoices that it has made. */
  invoices: { payload: string }[];
  /** What it tells who asks for updates. */
  updates: { update_id: number }[];
}

/** A Bot API that makes invoices, tells updates and agrees to everything else. */
async function botApi(): Promise<BotApi> {
  const invoices: BotApi["invoices"] = [];
  const updates: BotApi["updates"] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", part => {
      body += part;
    });
    request.on("end", () => {
      const answer = (result: unknown) => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ ok: true, result }));
      };
      if (request.url?.endsWith("/createInvoiceLink")) {
        invoices.push(JSON.parse(body));
        return answer("https://t.me/$stars1");
      }
      if (!request.url?.endsWith("/getUpdates")) return answer([]);
      const { offset = 0 } = JSON.parse(body || "{}") as { offset?: number };
      setTimeout(() => answer(updates.filter(update => update.update_id >= offset)), 200);
    });
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}`, invoices, updates };
}

test("a trip is highlighted inside Telegram, and the mark stands where it is found", async ({
  openPage,
  route,
}) => {
  const bot = await botApi();
  const server = await Server.start({
    PEERPACK_PAYMENTS: "demo,stars",
    PEERPACK_BOT_MODE: "polling",
    PEERPACK_BOT_API_URL: bot.url,
  });
  try {
    const phone = async (name: string) =>
      new Phone(
        await openPage({ viewport: { width: 360, height: 740 } }),
        server.url,
        new Account(server.url, name),
      );
    const [ivan, anna, pyotr] = [await phone("ivan"), await phone("anna"), await phone("pyotr")];
    const [from, to] = route.ru;
    const body = {
      from,
      to,
      date: soon(),
      time: "08:00 → 20:00",
      price: 300,
      transportType: "car",
      capacity: "large",
    };
    const publish = (who: Phone) => who.account.call<{ trip_id: string }>("POST", "/api/trips", body);
    const [trip, other] = [await publish(ivan), await publish(pyotr)];
    // In a browser nobody can pay with stars, and the app says where they can.
    await pyotr.open(`/my-trip/${other.trip_id}`);
    await expect(pyotr.page.getByText(/Звёзды платят внутри Telegram/)).toBeVisible();
    await expect(pyotr.button(/Отметить за/)).toHaveCount(0);

    const telegram = await openTelegram(ivan, `/my-trip/${trip.trip_id}`, THEMES.night ?? {});
    await ivan.button("Отметить за 50 ⭐ на 72 ч").click();
    await ivan.button("Оплатить в Telegram").click();
    await expect.poll(() => telegram.last("web_app_open_invoice")).toContain("stars1");
    await telegram.say("invoice_closed", { slug: "stars1", status: "paid" });
    await expect(ivan.page.getByText("Ждём, когда Telegram подтвердит оплату.")).toBeVisible();
    const payload = bot.invoices[0]?.payload;
    const account = { id: ivan.account.number, is_bot: false, first_name: "Иван" };
    const told = {
      update_id: 1,
      message: {
        message_id: 1,
        date: 1_790_000_000,
        from: account,
        chat: { id: account.id, type: "private" },
        successful_payment: {
          currency: "XTR",
          total_amount: 50,
          invoice_payload: payload,
          telegram_payment_charge_id: "c1",
          provider_payment_charge_id: "",
        },
      },
    };
    bot.updates.push(told);
    await expect(ivan.page.getByText(/^Отмечено до: /)).toBeVisible();
    await expect(ivan.button("Продлить за 50 ⭐ на 72 ч")).toBeVisible();

    await anna.open("/");
    await anna.choosePlace("Откуда", from);
    await anna.choosePlace("Куда", to);
    await anna.button("Найти курьеров").click();
    const cards = anna.page.locator("a.card");
    await expect(cards).toHaveCount(2);
    await expect(cards.filter({ hasText: "Отмечено" })).toHaveCount(1);
  } finally {
    await server.end();
    bot.server.close();
  }
});
