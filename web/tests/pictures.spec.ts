// The pictures of the README and of docs/miniapp.md, made by `scripts/pages.sh pictures`.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "@playwright/test";
import { stillness } from "./support/axe.ts";
import { expect, type Phone, type PhoneOptions, type Route, RU, test } from "./support/index.ts";
import { type Stage, stage } from "./support/stage.ts";

/** A way that nobody of the demo's world goes. */
const WAY: Route = { ru: ["Хабаровск", "Владивосток"], en: ["Khabarovsk", "Vladivostok"] };
const NARROW = { width: 360, height: 740 };
const WIDE = { width: 1_200, height: 780 };

/** Keeps what a page shows, as WebP, which the browser can make and Playwright cannot. */
async function keep(page: Page, browser: Browser, name: string): Promise<void> {
  await expect(page.locator(".skeleton")).toHaveCount(0);
  await stillness(page);
  const shot = await page.screenshot();
  const maker = await browser.newPage();
  const data = await maker.evaluate(async png => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    return canvas.toDataURL("image/webp", 0.86).replace(/^.*,/, "");
  }, shot.toString("base64"));
  await maker.close();
  const folder = process.env.PEERPACK_PICTURES ?? "";
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.webp`), Buffer.from(data, "base64"));
}

interface Wanted {
  name: string;
  who: "anna" | "ivan";
  options: PhoneOptions;
  path: (made: Stage) => string;
  /** What has to be there, and what is done before the picture. */
  ready: (phone: Phone) => Promise<unknown>;
}

const see = (text: string | RegExp) => (phone: Phone) =>
  expect(phone.page.getByText(text).first()).toBeVisible();

const PICTURES: readonly Wanted[] = [
  {
    name: "start",
    who: "anna",
    options: { viewport: NARROW },
    path: () => "/",
    ready: see("Скоро отправятся"),
  },
  {
    name: "terms",
    who: "anna",
    options: { viewport: NARROW },
    path: () => "/new/package",
    ready: async phone => {
      await phone.button("Заполнить примером").click();
      await expect(phone.page.getByText(/Сейчас её/)).toBeVisible();
    },
  },
  {
    name: "offer",
    who: "ivan",
    options: { viewport: NARROW, colorScheme: "dark" },
    path: () => "/offers",
    ready: phone => expect(phone.button(RU.take)).toBeVisible(),
  },
  {
    name: "responses",
    who: "anna",
    options: { viewport: NARROW },
    path: made => `/package/${made.chosenPackage}`,
    ready: see(RU.comment),
  },
  {
    name: "codes",
    who: "anna",
    options: { viewport: NARROW },
    path: made => `/package/${made.deal.packageId}`,
    ready: async phone => {
      await phone.page.getByText("Передать код получателю").scrollIntoViewIfNeeded();
    },
  },
  {
    name: "delivery",
    who: "ivan",
    options: { viewport: NARROW, colorScheme: "dark" },
    path: made => `/deal/${made.deal.tripId}/${made.deal.requestId}`,
    ready: see(RU.pickUp),
  },
  {
    name: "trip",
    who: "ivan",
    options: { viewport: NARROW },
    path: made => `/my-trip/${made.tripId}`,
    ready: see("Вы откликнулись"),
  },
  {
    name: "parcels",
    who: "ivan",
    options: { viewport: NARROW, colorScheme: "dark" },
    path: () => "/parcels",
    ready: see(RU.skates),
  },
  {
    name: "mine-wide",
    who: "anna",
    options: { viewport: WIDE },
    path: () => "/mine",
    ready: see("Ищем курьера"),
  },
];

test("the pictures of the screens", async ({ phone, browser, openPage, server }) => {
  const people = { anna: await phone("anna"), ivan: await phone("ivan") };
  const made = await stage(people.anna, people.ivan, RU, WAY);
  for (const { name, who, options, path, ready } of PICTURES) {
    const page = await openPage({ deviceScaleFactor: 2, ...options });
    await page.goto(`${server.url}${path(made)}?as=${people[who].account.scope}`);
    await ready({
      page,
      button: (wanted: string | RegExp) => page.getByRole("button", { name: wanted }),
    } as Phone);
    await keep(page, browser, name);
    await page.context().close();
  }
});

test("the picture of the front door", async ({ openPage, server, browser }) => {
  const page = await openPage({ viewport: { width: 1_000, height: 1_120 }, deviceScaleFactor: 1.5 });
  await page.goto(server.url);
  const [anna, ivan] = [page.frameLocator("iframe").nth(0), page.frameLocator("iframe").nth(1)];
  for (const phone of [ivan, anna]) {
    await phone.getByRole("button", { name: "Заполнить примером" }).click();
    await phone.getByRole("button", { name: RU.publish }).click();
  }
  await ivan.getByRole("button", { name: RU.bell }).first().click();
  await expect(ivan.getByRole("button", { name: RU.take }).first()).toBeVisible();
  await expect(page.getByText("offer.new").first()).toBeVisible();
  for (const phone of [anna, ivan]) await expect(phone.locator(".toast")).toHaveCount(0);
  await page.evaluate(() => scrollTo(0, 0));
  await keep(page, browser, "door");
});
