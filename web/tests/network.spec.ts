// Networks, clocks and tabs as they really are.
import { Account, expect, Phone, publishTrip, RU, Server, test } from "./support/index.ts";

test("a clock that is wrong by hours changes neither countdown nor acceptance", async ({ phone, route }) => {
  const [anna, ivan] = [await phone("anna"), await phone("ivan")];
  await ivan.page.clock.setSystemTime(Date.now() + 5 * 3_600_000);
  await publishTrip(ivan, RU, route);
  // The offer is there before the page is, and before the server has told the page the time.
  await anna.account.publishPackage(route.ru);
  await ivan.open("/offers");
  const ring = ivan.page.locator(".ring");
  await expect(ring).toBeVisible();
  // By the device's own clock the offer would have ended hours ago.
  await expect(ring).toHaveAttribute("data-pace", "calm");
  await ivan.button(RU.take).click();
  await expect(ivan.page).toHaveURL(/deal\//);
});

test("a socket that is cut every few seconds misses nothing and tells nothing twice", async ({
  phone,
  route,
}) => {
  const [anna, ivan] = [await phone("anna"), await phone("ivan")];
  let cuts = 0;
  await ivan.page.routeWebSocket(/\/ws$/, socket => {
    const server = socket.connectToServer();
    const timer = setTimeout(() => {
      cuts += 1;
      void socket.close({ code: 1001 });
      void server.close();
    }, 2_500);
    socket.onClose(() => clearTimeout(timer));
  });
  await publishTrip(ivan, RU, route);
  await ivan.open("/offers");
  const offers = ivan.page.getByRole("article");
  for (const [at, description] of ["Первая", "Вторая", "Третья"].entries()) {
    await anna.account.publishPackage(route.ru, { description });
    const before = cuts;
    await expect.poll(() => cuts).toBeGreaterThan(before);
    await expect(offers).toHaveCount(at + 1);
  }
  await expect(ivan.page.getByText("Вторая")).toHaveCount(1);
});

test("lists are there without an answer of the server, and it is said that they are old", async ({
  phone,
  route,
}) => {
  const anna = await phone("anna");
  await anna.account.publishPackage(route.ru, { description: "Самовар" });
  await anna.open("/mine");
  await expect(anna.page.getByText("Самовар")).toBeVisible();
  await anna.page.route("**/api/**", request => request.abort("internetdisconnected"));
  await anna.page.routeWebSocket(/\/ws$/, socket => socket.close());
  await anna.open("/mine");
  await expect(anna.page.getByText("Самовар")).toBeVisible();
  await expect(anna.page.getByText("Связи нет")).toBeVisible();
  await anna.page.unrouteAll();
  await anna.account.publishPackage(route.ru, { description: "Валенки" });
  await anna.open("/mine");
  await expect(anna.page.getByText("Валенки")).toBeVisible();
});

test("a server that dies in the middle of an accept carries it out once when it is back", async ({
  openPage,
  route,
}) => {
  const server = await Server.start();
  try {
    const anna = new Account(server.url, "anna");
    const ivan = new Phone(await openPage(), server.url, new Account(server.url, "ivan"));
    await publishTrip(ivan, RU, route);
    const packageId = await anna.publishPackage(route.ru);
    await ivan.answerBell();
    await expect(ivan.button(RU.take)).toBeVisible();
    await server.kill();
    await ivan.button(RU.take).click();
    await expect(ivan.page.getByText(RU.unconfirmed)).toBeVisible();
    await server.run();
    await expect(ivan.page).toHaveURL(/deal\//);
    const { responses } = await anna.call<{ responses: { state: string }[] }>(
      "GET",
      `/api/packages/${packageId}`,
    );
    expect(responses.map(one => one.state)).toEqual(["accepted"]);
  } finally {
    await server.end();
  }
});

test("two tabs of one person agree, and renew their session in turn", async ({ phone, route }) => {
  const [anna, ivan] = [await phone("anna"), await phone("ivan")];
  await publishTrip(ivan, RU, route);
  const second = new Phone(await ivan.context.newPage(), ivan.url, ivan.account);
  await anna.account.publishPackage(route.ru);
  await Promise.all([ivan, second].map(tab => tab.open("/offers")));
  await Promise.all([ivan, second].map(tab => expect(tab.button(RU.take)).toBeVisible()));
  // Both have lost their access token and renew it at the same moment.
  await Promise.all([ivan, second].map(tab => tab.page.reload()));
  await Promise.all([ivan, second].map(tab => expect(tab.button(RU.take)).toBeVisible()));
  await ivan.button(RU.take).click();
  await expect(ivan.page).toHaveURL(/deal\//);
  await expect(second.button(RU.take)).toHaveCount(0);
  await expect(second.page.getByText("Сейчас заявок нет")).toBeVisible();
});

test("an app that was minimised knows at once what has happened meanwhile", async ({ phone, route }) => {
  const [anna, ivan] = [await phone("anna"), await phone("ivan")];
  await publishTrip(ivan, RU, route);
  await ivan.open("/offers");
  await expect(ivan.page.getByText("Сейчас заявок нет")).toBeVisible();
  const device = await ivan.context.newCDPSession(ivan.page);
  await device.send("Page.setWebLifecycleState", { state: "frozen" });
  // A web view in the background has no network either: its socket dies without a word.
  await ivan.context.setOffline(true);
  await anna.account.publishPackage(route.ru);
  await ivan.context.setOffline(false);
  await device.send("Page.setWebLifecycleState", { state: "active" });
  await expect(ivan.button(RU.take)).toBeVisible();
});
