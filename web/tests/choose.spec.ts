// The sender chooses: couriers find the package, name their price, one is taken. The receiver follows it by a link.
import { expect, handOver, publishPackage, publishTrip, RU, test } from "./support/index.ts";

test("a courier finds a package whose sender chooses, responds, is chosen and delivers", async ({
  phone,
  openPage,
  route,
}) => {
  const [anna, ivan, pyotr] = [await phone("anna"), await phone("ivan"), await phone("pyotr")];
  await publishTrip(ivan, RU, route);
  await pyotr.account.publishTrip(route.ru);
  await publishPackage(anna, RU, route, RU.iChoose);
  // It waits on the trip's own screen, on the screen of parcels, and in the notification that leads there.
  await ivan.page.reload();
  await expect(ivan.page.getByRole("article", { name: RU.books })).toBeVisible();
  await pyotr.open("/notifications");
  await pyotr.button(/Посылка по пути/).click();
  await expect(pyotr.page).toHaveURL(/parcels/);
  for (const [courier, price] of [
    [ivan, "7000"],
    [pyotr, "8000"],
  ] as const) {
    await courier.button(RU.respond).click();
    await courier.page.getByLabel("Ваша цена, ₽").fill(price);
    await courier.page.getByLabel(/Пара слов/).fill(`Возьму за ${price}`);
    await courier.button("Откликнуться").click();
    await expect(courier.page.getByText("Отклик отправлен").first()).toBeVisible();
    await expect(anna.page.getByText(`Возьму за ${price}`)).toBeVisible();
  }
  await anna.page
    .locator(".card", { hasText: "Возьму за 7000" })
    .getByRole("button", { name: "Выбрать" })
    .click();
  await expect(anna.page.getByText("Курьер найден")).toBeVisible();
  // Anybody who was chosen may be anywhere, or may not have looked.
  await ivan.open("/notifications");
  await ivan.button(/Вас выбрали/).click();
  await expect(ivan.page).toHaveURL(/deal\//);
  // The list that was left says it in sentences, until the screen has loaded.
  await expect(ivan.page.getByText(RU.books, { exact: true })).toBeVisible();

  // The receiver has no account and no Telegram.
  await anna.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await anna.button("Ссылка для получателя").click();
  await expect(anna.page.getByText("Ссылка скопирована")).toBeVisible();
  const link = await anna.page.evaluate(() => navigator.clipboard.readText());
  const receiver = await openPage();
  await receiver.goto(link);
  await expect(receiver.getByText("Курьер найден")).toBeVisible();

  for (const [step, text] of [
    [RU.pickUp, "В пути"],
    [RU.handOver, "Доставлена"],
  ] as const) {
    await handOver(ivan, anna, RU, step);
    await expect(anna.page.getByText(text, { exact: true }).first()).toBeVisible();
    await receiver.reload();
    await expect(receiver.locator("[aria-current=step]")).toContainText(text);
  }
  // What tells the sender leads to the package, and not to the request that it names.
  await anna.open("/notifications");
  await anna.button(/Посылка доставлена/).click();
  await anna.button(RU.confirm).click();
  await expect(ivan.page.getByText("Подтвердили")).toBeVisible();
  await expect(ivan.page.getByText(RU.howWasIt)).toBeVisible();
});
