// Everybody can use it: by keyboard, with large letters, on small screens, without motion, in any theme.
import { serious } from "./support/axe.ts";
import { expect, type Phone, RU, soon, test } from "./support/index.ts";
import { openTelegram, THEMES } from "./support/telegram.ts";

test("a trip is published with the keyboard alone", async ({ phone, route }) => {
  const { page, ...ivan } = await phone("ivan");
  await page.goto(`${ivan.url}/new/trip?as=${ivan.account.scope}`);
  const focused = (selector: string) => expect(page.locator(":focus")).toHaveJSProperty("tagName", selector);
  await page.getByLabel(RU.from, { exact: true }).focus();
  for (const name of [route.ru[0], route.ru[1]]) {
    await page.keyboard.type(name);
    await expect(page.getByRole("option", { name: new RegExp(`^${name} `) }).first()).toBeVisible();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("listbox")).toHaveCount(0);
    await page.keyboard.press("Tab");
  }
  await focused("BUTTON");
  await page.getByLabel(RU.day).fill(soon());
  await page.getByLabel(RU.departs).fill("08:00");
  await page.getByRole("radio", { name: "Машина" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: "Поезд" })).toBeChecked();
  const publish = page.getByRole("button", { name: RU.publish });
  for (let at = 0; at < 12 && !(await publish.evaluate(one => one === document.activeElement)); at++) {
    await page.keyboard.press("Tab");
  }
  await expect(publish).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/my-trip/);
});

const PATHS = [
  "/",
  "/mine",
  "/offers",
  "/wallet",
  "/me",
  "/parcels",
  "/new/package",
  "/new/trip",
  "/notifications",
];

async function nothingSticksOut(phone: Phone, path: string): Promise<void> {
  const overflow = () => phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await expect.poll(overflow, { message: path }).toBeLessThanOrEqual(0);
}

test("letters of twice the size still fit on a screen of 360 points", async ({ phone, route }) => {
  const ivan = await phone("ivan", { viewport: { width: 360, height: 740 } });
  await ivan.account.publishTrip(route.ru);
  await ivan.page.addInitScript(() => {
    addEventListener("DOMContentLoaded", () =>
      document.documentElement.style.setProperty("font-size", "200%"),
    );
  });
  for (const path of PATHS) {
    await ivan.open(path);
    await expect(ivan.page.locator("h1")).toBeVisible();
    await nothingSticksOut(ivan, path);
  }
});

test("with a keyboard over a small screen every field can be seen and filled", async ({ phone }) => {
  // 320 by 560 points, of which a keyboard leaves 260.
  const ivan = await phone("ivan", { viewport: { width: 320, height: 260 } });
  await ivan.open("/new/trip");
  const fields = ivan.page.locator("main .input");
  await expect(fields.first()).toBeVisible();
  const count = await fields.count();
  expect(count).toBeGreaterThan(5);
  for (let at = 0; at < count; at++) {
    const field = fields.nth(at);
    await field.click();
    await expect(field).toBeFocused();
    await expect(field).toBeInViewport({ ratio: 0.95 });
    // Nothing that sticks to an edge lies over it.
    const isOnTop = await field.evaluate(one => {
      const { left, top, width, height } = one.getBoundingClientRect();
      return document.elementFromPoint(left + width / 2, top + height / 2) === one;
    });
    expect(isOnTop).toBe(true);
    await ivan.page.keyboard.press("Escape");
  }
  await nothingSticksOut(ivan, "/new/trip");
});

test("nothing moves for anybody who wants no motion", async ({ phone, route }) => {
  const [anna, ivan] = [await phone("anna"), await phone("ivan", { reducedMotion: "reduce" })];
  await ivan.account.publishTrip(route.ru);
  await ivan.open("/offers");
  await anna.account.publishPackage(route.ru);
  await expect(ivan.button(RU.take)).toBeVisible();
  const moving = () => ivan.page.evaluate(() => document.getAnimations().length);
  expect(await moving()).toBe(0);
  await ivan.page.emulateMedia({ reducedMotion: "no-preference" });
  // The ring of the same offer moves for everybody else.
  await expect.poll(moving, { intervals: [50] }).toBeGreaterThan(0);
});

test("a change of the system's theme is followed at once", async ({ phone }) => {
  const ivan = await phone("ivan", { colorScheme: "light" });
  await ivan.open("/");
  await expect(ivan.page.locator("h1")).toBeVisible();
  const ground = () => ivan.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await expect(ivan.page.locator("html")).toHaveAttribute("data-theme", "light");
  const light = await ground();
  await ivan.page.emulateMedia({ colorScheme: "dark" });
  await expect(ivan.page.locator("html")).toHaveAttribute("data-theme", "dark");
  expect(await ground()).not.toBe(light);
});

test("the browser's back button leads back through the screens", async ({ phone, route }) => {
  const anna = await phone("anna");
  await anna.account.publishPackage(route.ru, { description: "Самовар" });
  await anna.open("/");
  const { page } = anna;
  await page.getByRole("link", { name: "Моё" }).click();
  await page.getByText("Самовар").click();
  await expect(page.locator("h1")).toHaveText("Самовар");
  await page.goBack();
  await expect(page.locator("h1")).toHaveText("Моё");
  await page.goBack();
  await expect(page.locator("h1")).toHaveText("Посылки по пути");
  await page.goForward();
  await expect(page.locator("h1")).toHaveText("Моё");
});

for (const [name, theme] of Object.entries(THEMES)) {
  test(`words can be read in Telegram's theme "${name}"`, async ({ phone, route }) => {
    const [anna, ivan] = [await phone("anna"), await phone("ivan")];
    await ivan.account.publishTrip(route.ru);
    await openTelegram(ivan, "/", theme);
    await expect(ivan.page.locator("h1")).toBeVisible();
    await expect(ivan.page.locator(".skeleton")).toHaveCount(0);
    expect(await serious(ivan.page)).toEqual([]);
    await anna.account.publishPackage(route.ru);
    await ivan.page.getByRole("link", { name: /Заявки/ }).click();
    // Its buttons are Telegram's own.
    await expect(ivan.page.getByRole("article")).toBeVisible();
    expect(await serious(ivan.page)).toEqual([]);
    await ivan.page.getByRole("link", { name: "Я", exact: true }).click();
    await expect(ivan.page.locator(".avatar").first()).toBeVisible();
    expect(await serious(ivan.page)).toEqual([]);
  });
}
