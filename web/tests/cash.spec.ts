// Where couriers are paid in cash, every screen says so, and none speaks of a fee, a refund or money that is held.
import { Account, expect, Phone, RU, Server, test } from "./support/index.ts";
import { stage } from "./support/stage.ts";

/** Words that would promise what nobody does here. */
const OF_THE_PLATFORM = /комисси[яию] [^н]|вернутся|удержан|заморо|пополнить/i;

test("no screen speaks of money that the platform never sees", async ({ openPage, route }) => {
  const server = await Server.start({ PEERPACK_PAYMENTS: "off" });
  try {
    const phone = async (name: string) => {
      const page = await openPage({ viewport: { width: 360, height: 740 } });
      return new Phone(page, server.url, new Account(server.url, name));
    };
    const [anna, ivan] = [await phone("anna"), await phone("ivan")];
    const made = await stage(anna, ivan, RU, route);
    await ivan.open("/offers");
    await expect(ivan.page.getByText("наличными при вручении")).toBeVisible();
    await anna.open("/wallet");
    await expect(anna.page.getByText(/платится курьеру наличными при вручении/)).toBeVisible();
    const screens = [
      ["/", anna],
      ["/wallet", anna],
      [`/package/${made.openPackage}`, anna],
      [`/package/${made.deal.packageId}`, anna],
      ["/offers", ivan],
      [`/deal/${made.deal.tripId}/${made.deal.requestId}`, ivan],
      ["/wallet", ivan],
    ] as const;
    for (const [path, who] of screens) {
      await who.open(path);
      await expect(who.page.locator("h1")).toBeVisible();
      await expect(who.page.locator(".skeleton")).toHaveCount(0);
      await expect(who.page.locator("body")).not.toContainText(OF_THE_PLATFORM);
    }
    await ivan.open(`/deal/${made.deal.tripId}/${made.deal.requestId}`);
    await ivan.button("Отменить сделку").click();
    await expect(ivan.page.getByText(/Деньги здесь не откладывались/)).toBeVisible();
  } finally {
    await server.end();
  }
});

test("what calling off means is read before the tap that does it", async ({ phone, route }) => {
  const [anna, ivan] = [await phone("anna"), await phone("ivan")];
  const made = await stage(anna, ivan, RU, route);
  await anna.open(`/package/${made.openPackage}`);
  await anna.button("Отменить").click();
  await expect(anna.page.getByText(/все деньги вернутся отправителю.*Отменить\?/)).toBeVisible();
  await ivan.open(`/deal/${made.deal.tripId}/${made.deal.requestId}`);
  await ivan.button("Отменить сделку").click();
  await expect(ivan.page.getByText(/посылка ищет другого курьера/)).toBeVisible();
  await ivan.button("Да, отменить").click();
  // The package is open again, and looks on.
  await anna.open(`/package/${made.deal.packageId}`);
  await expect(anna.page.getByText("Ищем курьера")).toBeVisible();
});
