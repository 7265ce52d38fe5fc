// What the app has of Telegram besides its looks: storages that outlive the page, two buttons, and leave to write.
import { expect, publishTrip, RU, soon, test } from "./support/index.ts";
import { openTelegram, THEMES } from "./support/telegram.ts";

const NIGHT = THEMES.night ?? {};

test("the session lies in Telegram's safe and commands in its storage, and both outlive the page", async ({
  phone,
}) => {
  const ivan = await phone("ivan");
  const { page } = ivan;
  const telegram = await openTelegram(ivan, "/new/trip", NIGHT, "9.0");
  await ivan.choosePlace(RU.from, "Якутск");
  await ivan.choosePlace(RU.to, "Магадан");
  await page.getByLabel(RU.day).fill(soon());
  await page.getByLabel(RU.departs).fill("08:00");
  await expect.poll(() => telegram.last("web_app_setup_main_button")).toContain('"is_active":true');
  await telegram.say("main_button_pressed");
  await expect(page).toHaveURL(/my-trip/);
  const { secure, device } = await telegram.kept();
  expect(secure.session).toContain("refreshToken");
  expect(device.outbox).toContain("trip.publish");
  const own = await page.evaluate(() => JSON.stringify(localStorage));
  expect(own).not.toContain("refreshToken");
  // The session goes on: nobody signs in anew.
  let signIns = 0;
  page.on("request", request => {
    if (request.url().endsWith("/api/auth/telegram")) signIns += 1;
  });
  await page.reload();
  await expect(page.getByText("Опубликована", { exact: true })).toBeVisible();
  expect(signIns).toBe(0);
});

test("a Telegram that refuses its safe leaves the session with the page", async ({ phone }) => {
  const ivan = await phone("ivan");
  const telegram = await openTelegram(ivan, "/mine", NIGHT, "9.0", { isRefusing: true });
  await expect(ivan.page.locator("h1")).toBeVisible();
  expect(await telegram.kept()).toEqual({ secure: {}, device: {} });
  await ivan.page.reload();
  await expect(ivan.page.locator("h1")).toHaveText("Моё");
  const own = await ivan.page.evaluate(() => JSON.stringify(localStorage));
  expect(own).toContain("refreshToken");
});

test("leave to write is asked for when there is something to write of, and once", async ({
  phone,
  route,
}) => {
  const ivan = await phone("ivan");
  const telegram = await openTelegram(ivan, "/new/trip", NIGHT);
  await expect(ivan.page.locator("h1")).toBeVisible();
  expect(await telegram.count("web_app_request_write_access")).toBe(0);
  // Each page counts anew.
  for (const times of [1, 0]) {
    await ivan.choosePlace(RU.from, route.ru[0]);
    await ivan.choosePlace(RU.to, route.ru[1]);
    await ivan.page.getByLabel(RU.day).fill(soon());
    await ivan.page.getByLabel(RU.departs).fill("08:00");
    await expect.poll(() => telegram.last("web_app_setup_main_button")).toContain('"is_active":true');
    await telegram.say("main_button_pressed");
    await expect(ivan.page).toHaveURL(/my-trip/);
    await expect(ivan.page.getByText("Опубликована", { exact: true })).toBeVisible();
    await expect.poll(() => telegram.count("web_app_request_write_access")).toBe(times);
    await ivan.page.goto(`${ivan.url}/new/trip`);
  }
});

test("one offer is answered by Telegram's two buttons, several by their own", async ({ phone, route }) => {
  const [anna, ivan] = [await phone("anna"), await phone("ivan")];
  await publishTrip(ivan, RU, route);
  const telegram = await openTelegram(ivan, "/offers", NIGHT);
  const button = (kind: string) => telegram.last(`web_app_setup_${kind}_button`);
  await anna.account.publishPackage(route.ru, { description: "Валенки" });
  await expect.poll(() => button("main")).toContain("Взять за");
  await expect.poll(() => button("secondary")).toContain("Отказаться");
  await expect(ivan.button(RU.take)).toHaveCount(0);
  await anna.account.publishPackage(route.ru, { description: "Самовар" });
  await expect(ivan.button(RU.take)).toHaveCount(2);
  await expect.poll(() => button("main")).toContain('"is_visible":false');
  await ivan.page.getByRole("article").filter({ hasText: "Самовар" }).getByText("Отказаться").click();
  await expect.poll(() => button("secondary")).toContain('"is_active":true');
  await telegram.say("main_button_pressed");
  await expect(ivan.page).toHaveURL(/deal\//);
  await expect(ivan.page.getByText("Валенки")).toBeVisible();
  await expect.poll(() => button("secondary")).toContain('"is_visible":false');
});
