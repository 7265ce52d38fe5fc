// The front door, narrow screens, and the app inside a Telegram that is faked at its bridge.
import { expect, publishTrip, RU, soon, test } from "./support/index.ts";
import { openTelegram, THEMES } from "./support/telegram.ts";

test("the front door of the demo: a person who only clicks sees a live offer", async ({
  openPage,
  server,
}) => {
  const page = await openPage({ viewport: { width: 1_200, height: 1_300 } });
  await page.goto(server.url);
  const [anna, ivan] = [page.frameLocator("iframe").nth(0), page.frameLocator("iframe").nth(1)];
  await ivan.getByRole("button", { name: "Заполнить примером" }).click();
  await ivan.getByRole("button", { name: RU.publish }).click();
  await expect(ivan.getByText("Опубликована", { exact: true })).toBeVisible();
  await anna.getByRole("button", { name: "Заполнить примером" }).click();
  await anna.getByRole("button", { name: RU.publish }).click();
  await ivan.getByRole("button", { name: RU.bell }).first().click();
  await expect(ivan.getByRole("button", { name: RU.take }).first()).toBeVisible();
  await expect(page.getByText("offer.new").first()).toBeVisible();
});

test("nothing is wider than a screen of 320 points", async ({ phone, route }) => {
  const ivan = await phone("ivan", { viewport: { width: 320, height: 560 } });
  await publishTrip(ivan, RU, route);
  for (const path of [
    "/",
    "/mine",
    "/offers",
    "/wallet",
    "/me",
    "/new/package",
    "/new/trip",
    "/notifications",
    "/town",
    "/town/duty",
  ]) {
    await ivan.open(path);
    await expect(ivan.page.locator("h1")).toBeVisible();
    const overflow = () => ivan.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await expect.poll(overflow, { message: path }).toBeLessThanOrEqual(0);
  }
});

test("inside Telegram its main button publishes, its back button leads back, and its theme is followed", async ({
  phone,
}) => {
  const ivan = await phone("ivan");
  const { page } = ivan;
  const telegram = await openTelegram(ivan, "/new/trip", THEMES.night ?? {});
  await expect.poll(() => telegram.last("web_app_ready")).toBeDefined();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(ivan.button(RU.publish)).toHaveCount(0);
  await ivan.choosePlace(RU.from, "Якутск");
  await ivan.choosePlace(RU.to, "Магадан");
  await page.getByLabel(RU.day).fill(soon());
  await page.getByLabel(RU.departs).fill("08:00");
  await expect.poll(() => telegram.last("web_app_setup_main_button")).toContain('"is_active":true');
  await telegram.say("main_button_pressed");
  await expect(page).toHaveURL(/my-trip/);
  await telegram.say("theme_changed", { theme_params: THEMES.day });
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
  await expect.poll(() => telegram.last("web_app_setup_back_button")).toContain("true");
  await telegram.say("back_button_pressed");
  await expect(page).toHaveURL(/\/mine/);
  await expect.poll(() => telegram.last("web_app_setup_back_button")).toContain("false");
});

test("a draft outlives the app until it was sent", async ({ phone, route }) => {
  const ivan = await phone("ivan");
  await ivan.open("/new/trip");
  await ivan.choosePlace(RU.from, route.ru[0]);
  const kept = () =>
    ivan.page.evaluate(() => Object.keys(localStorage).some(key => key.endsWith("draft.trip")));
  await expect.poll(kept).toBe(true);
  await ivan.page.reload();
  await expect(ivan.page.getByLabel(RU.from, { exact: true })).toHaveValue(route.ru[0]);
  await ivan.choosePlace(RU.to, route.ru[1]);
  await ivan.page.getByLabel(RU.day).fill(soon());
  await ivan.page.getByLabel(RU.departs).fill("08:00");
  await ivan.button(RU.publish).click();
  await expect(ivan.page).toHaveURL(/my-trip/);
  await ivan.open("/new/trip");
  await expect(ivan.page.getByLabel(RU.from, { exact: true })).toHaveValue("");
  expect(await kept()).toBe(false);
});
