// A ride in town, from both phones: on duty, ordered, offered, taken, driven, paid; and the ways out of it.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { serious } from "./support/axe.ts";
import { expect, type Phone, type PhoneOptions, test } from "./support/index.ts";

const pictures = process.env.PEERPACK_GALLERY;
/** Nobody of the demo drives in Sochi. */
const SOCHI = { latitude: 43.59, longitude: 39.73 };

const SMALL: PhoneOptions = { viewport: { width: 360, height: 640 } };
const DARK: PhoneOptions = { viewport: { width: 390, height: 844 }, colorScheme: "dark" };

async function keep(phone: Phone, name: string): Promise<void> {
  expect(await serious(phone.page)).toEqual([]);
  const overflow = () => phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await expect.poll(overflow, { message: name }).toBeLessThanOrEqual(0);
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await phone.page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** Says what is driven, and goes on duty. */
async function goOnDuty(ivan: Phone): Promise<void> {
  await ivan.open("/town/duty");
  await ivan.page.getByLabel("Машина").fill("Lada Vesta");
  await ivan.page.getByLabel("Номер").fill("А123ВС77");
  await ivan.page.getByLabel("Район").selectOption({ label: "Сочи" });
  await keep(ivan, "town-vehicle");
  await ivan.button("Сохранить").click();
  await ivan.page.getByLabel(/На смене/).check();
  await expect(ivan.page.getByText("Ждём заказов")).toBeVisible();
}

/** Orders a ride within the town. */
async function order(anna: Phone): Promise<void> {
  await anna.choosePlace("Откуда", "Сочи");
  await anna.choosePlace("Куда", "Хоста");
  await anna.button(/^Заказать за/).click();
}

async function states(phone: Phone, state: string): Promise<void> {
  await expect(phone.page.locator("article").getByText(state, { exact: true })).toBeVisible();
}

test("a ride of two people, from the order to the price", async ({ phone }) => {
  const anna = await phone("anna", SMALL);
  const ivan = await phone("ivan", { ...DARK, permissions: ["geolocation"], geolocation: SOCHI });

  await ivan.open("/me");
  await ivan.page.getByRole("link", { name: "Поездки по городу" }).click();
  await expect(ivan.page).toHaveURL(/\/town/);
  await goOnDuty(ivan);
  await keep(ivan, "town-duty");

  await anna.open("/town");
  await anna.choosePlace("Откуда", "Сочи");
  await anna.choosePlace("Куда", "Хоста");
  await anna.page.getByLabel(/Со мной ещё один человек/).check();
  // The price is known before the tap, and how it comes about.
  await expect(anna.button(/^Заказать за/)).toBeVisible();
  await anna.page.getByText("Из чего складывается цена").click();
  await expect(anna.page.getByText("Сопровождающий")).toBeVisible();
  await keep(anna, "town-new");
  await anna.button(/^Заказать за/).click();

  await expect(ivan.page.getByRole("heading", { name: "Заказ для вас" })).toBeVisible();
  await keep(ivan, "town-offer");
  await ivan.button("Беру").click();
  await states(anna, "Водитель найден");
  await expect(anna.page.getByText("Lada Vesta · А123ВС77")).toBeVisible();

  await ivan.button("Еду").click();
  await states(anna, "Водитель едет");
  await expect(anna.page.getByText(/Будет у вас примерно через/)).toBeVisible();
  await expect(anna.page.locator(".map .courier")).toBeVisible();
  await expect(anna.page.getByText(/Сейчас отмена стоит/).first()).toBeVisible();
  await keep(anna, "town-ride");
  await keep(ivan, "town-drive");

  // The courier moves, and the passenger's map with them.
  const seen = () => anna.page.locator(".map .courier").getAttribute("cx");
  const before = await seen();
  await ivan.context.setGeolocation({ latitude: 43.596, longitude: 39.7248 });
  await expect.poll(seen, { timeout: 40_000 }).not.toBe(before);

  await ivan.button("На месте").click();
  await states(anna, "Водитель ждёт на месте");
  await ivan.button("Начать поездку").click();
  await states(anna, "В пути");
  await ivan.button("Завершить поездку").click();
  await expect(ivan.page.getByText(/^Готово:/)).toBeVisible();
  await expect(anna.page.getByText("Завершена", { exact: true }).first()).toBeVisible();
  await expect(ivan.page.getByText("сегодня", { exact: true }).locator("..")).toContainText("1");
  await keep(ivan, "town-day");

  await ivan.page.getByLabel(/На смене/).uncheck();
  await expect(ivan.page.getByText("Ждём заказов")).toHaveCount(0);
});

test("an order is turned down, called off for nothing, and found among one's rides", async ({ phone }) => {
  const anna = await phone("anna", { ...SMALL, colorScheme: "dark" });
  const ivan = await phone("ivan", { ...SMALL, permissions: ["geolocation"], geolocation: SOCHI });
  await goOnDuty(ivan);
  await anna.open("/town");
  await order(anna);
  await ivan.button("Отказаться").click();
  await expect(ivan.page.getByText("Ждём заказов")).toBeVisible();
  // Nobody else is there; who has turned it down is not asked again.
  await states(anna, "Ищем водителя");
  await expect(anna.page.getByText("Сейчас отмена бесплатна.").first()).toBeVisible();
  await anna.button("Отменить поездку").click();
  await keep(anna, "town-cancel");
  await anna.button("Отменить").click();
  await expect(anna.page.getByText("Отменено бесплатно.")).toBeVisible();
  await anna.page.getByRole("link", { name: /Сочи → Хоста/ }).click();
  await expect(anna.page).toHaveURL(/\/town\/ride\//);
  await states(anna, "Отменена");
  await ivan.page.getByLabel(/На смене/).uncheck();
  await expect(ivan.page.getByText("Ждём заказов")).toHaveCount(0);
});

test("what cannot be driven is said before it is ordered, in the reader's language", async ({ phone }) => {
  const anna = await phone("anna", { ...DARK, locale: "en-GB" });
  await anna.open("/town");
  await anna.choosePlace("From", "Magadan");
  await anna.choosePlace("To", "Yakutsk");
  await expect(anna.page.getByText("no region serves this place").first()).toBeVisible();
  await expect(anna.button("Order")).toBeDisabled();
  await keep(anna, "town-refused");
  await anna.choosePlace("From", "Sochi");
  await anna.choosePlace("To", "Sochi");
  await expect(anna.page.getByText(/Choose two different places/)).toBeVisible();
});
