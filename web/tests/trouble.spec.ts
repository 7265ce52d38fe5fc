// What goes wrong: two want one parcel, the network goes, the server dies, people disagree.
import { expect, handOver, publishPackage, publishTrip, RU, Server, test } from "./support/index.ts";

test("two couriers tap at once: one has the parcel, the other reads why not", async ({ phone, route }) => {
  const [anna, ivan, pyotr] = [await phone("anna"), await phone("ivan"), await phone("pyotr")];
  await publishTrip(ivan, RU, route);
  await publishTrip(pyotr, RU, route);
  await publishPackage(anna, RU, route);
  for (const courier of [ivan, pyotr]) await courier.page.getByRole("button", { name: RU.bell }).click();
  for (const courier of [ivan, pyotr]) await expect(courier.button(RU.take)).toBeEnabled();
  // Not a click that waits until the button stands still: the faster one takes the other's away.
  const tap = (button: Element) => (button as HTMLElement).click();
  await Promise.all([ivan, pyotr].map(courier => courier.button(RU.take).evaluate(tap)));
  const hasIt = (courier: typeof ivan) => courier.page.url().includes("/deal/");
  await expect.poll(() => [ivan, pyotr].filter(hasIt).length).toBe(1);
  const loser = hasIt(ivan) ? pyotr : ivan;
  await expect(loser.page.getByText(RU.missed)).toBeVisible();
  await expect(loser.page.getByText(RU.faster).first()).toBeVisible();
});

test("a tap without a network is kept, looks so, and is done once when the network is back", async ({
  phone,
  route,
}) => {
  const [anna, ivan] = [await phone("anna"), await phone("ivan")];
  await publishTrip(ivan, RU, route);
  await publishPackage(anna, RU, route);
  await ivan.page.getByRole("button", { name: RU.bell }).click();
  await expect(ivan.button(RU.take)).toBeVisible();
  await ivan.context.setOffline(true);
  await ivan.button(RU.take).click();
  await expect(ivan.page.getByText(RU.unconfirmed)).toBeVisible();
  await ivan.context.setOffline(false);
  await expect(ivan.page).toHaveURL(/deal\//);
  await expect(anna.page.getByText("Курьер найден")).toBeVisible();
});

test("the app killed in the middle of an accept carries it out when it is opened again", async ({
  phone,
  route,
}) => {
  const [anna, ivan] = [await phone("anna"), await phone("ivan")];
  await publishTrip(ivan, RU, route);
  await publishPackage(anna, RU, route);
  await ivan.page.getByRole("button", { name: RU.bell }).click();
  await ivan.context.setOffline(true);
  await ivan.button(RU.take).click();
  await expect(ivan.page.getByText(RU.unconfirmed)).toBeVisible();
  await ivan.page.goto("about:blank");
  await ivan.context.setOffline(false);
  await ivan.open("/mine");
  await expect(anna.page.getByText("Курьер найден")).toBeVisible();
});

test("a sender who disagrees opens a dispute, and both see that it waits", async ({ phone, route }) => {
  const [anna, ivan] = [await phone("anna"), await phone("ivan")];
  await publishTrip(ivan, RU, route);
  await publishPackage(anna, RU, route);
  await ivan.page.getByRole("button", { name: RU.bell }).click();
  await ivan.button(RU.take).click();
  await handOver(ivan, anna, RU, RU.pickUp);
  await handOver(ivan, anna, RU, RU.handOver);
  await anna.button(RU.wrong).click();
  await anna.page.getByLabel(RU.whatIsWrong).fill("Коробка пустая");
  await anna.button(RU.send).click();
  await expect(anna.page.getByText(RU.disputed)).toBeVisible();
  await expect(ivan.page.getByText(RU.disputed)).toBeVisible();
});

test("a server that is killed and comes back finds the page where it was, and nothing is missed", async ({
  openPage,
}) => {
  const server = await Server.start();
  try {
    const page = await openPage();
    await page.goto(`${server.url}/offers?as=ivan-900000001`);
    await expect(page.getByText("Сейчас заявок нет")).toBeVisible();
    await server.kill();
    const lost = page.getByText(/Соединяемся…|Связи нет/);
    await expect(lost).toBeVisible();
    await server.run();
    await expect(lost).toBeHidden({ timeout: 60_000 });
  } finally {
    await server.end();
  }
});
