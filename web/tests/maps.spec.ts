// Ways on a map: drawn at once, moved where somebody asks, with the courier on it once there is one to be seen.
import { createServer } from "node:http";
import { Account, expect, Phone, Server, test } from "./support/index.ts";

/** Waits until the outlines of the countries are drawn. */
async function isDrawn(phone: Phone): Promise<void> {
  await expect(phone.page.locator(".map .land")).toHaveAttribute("d", /^M/);
}

test("a trip's way is drawn, and can be moved where the device can", async ({ phone }) => {
  const [anna, ivan] = [await phone("anna"), await phone("ivan")];
  // To a coast, so that there is something to be drawn.
  const trip = await ivan.account.publishTrip(["Якутск", "Магадан"]);
  await anna.open(`/trip/${trip}`);
  const map = anna.page.getByRole("img", { name: "Карта: Якутск — Магадан" });
  await expect(map).toBeVisible();
  await isDrawn(anna);
  await expect(map.locator(".stop")).toHaveCount(2);
  await expect(map.getByText("Магадан")).toBeVisible();
  await anna.button("Двигать карту").click();
  // The library has its worker, its graphics and our outlines, under the policy of the page.
  await expect(map.and(anna.page.locator("[data-ready]"))).toBeVisible();
  await expect(map.locator("canvas")).toBeVisible();
  await expect(map.getByText("Магадан")).toBeVisible();
  // The device takes its graphics away: the drawn map comes back, and moving is not offered again.
  await map.locator("canvas").evaluate(canvas => {
    (canvas as HTMLCanvasElement).getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext();
  });
  await isDrawn(anna);
  await expect(anna.button("Двигать карту")).toHaveCount(0);
});

test("the sender sees where the courier is, if the courier wants", async ({ phone, route }) => {
  const anna = await phone("anna");
  const ivan = await phone("ivan", {
    permissions: ["geolocation"],
    geolocation: { latitude: 61.5, longitude: 140.5 },
  });
  const trip = await ivan.account.publishTrip(route.ru);
  const parcel = await anna.account.publishPackage(route.ru);
  await ivan.open("/offers");
  await ivan.button(/Взять за/).click();
  await expect(ivan.page).toHaveURL(new RegExp(`deal/${trip}/`));
  await anna.open(`/package/${parcel}`);
  await expect(anna.page.locator(".map .route")).toBeVisible();
  await ivan.button("Посылка у меня").click();
  await expect(anna.page.getByText("В пути", { exact: true })).toBeVisible();
  await expect(anna.page.locator(".map .courier")).toHaveCount(0);
  await ivan.page.getByLabel(/Показывать отправителю/).check();
  await expect(anna.page.locator(".map .courier")).toHaveAttribute("cx", "140.5");
  await ivan.button("Передал получателю").click();
  await expect(anna.page.locator(".map")).toHaveCount(0);
});

test("a map of somebody else's is drawn under the way, and without it the outlines are", async ({
  openPage,
}) => {
  let isThere = true;
  const asked: string[] = [];
  const elsewhere = createServer(({ url = "", headers }, answer) => {
    asked.push(url);
    const isStyle = url === "/style.json";
    answer.writeHead(isThere ? (isStyle ? 200 : 204) : 500, { "access-control-allow-origin": "*" });
    const tiles = [`http://${headers.host}/{z}/{x}/{y}.pbf`];
    const style = {
      version: 8,
      sources: { land: { type: "vector", tiles, maxzoom: 4 } },
      layers: [{ id: "land", type: "fill", source: "land", "source-layer": "land" }],
    };
    answer.end(isStyle ? JSON.stringify(style) : undefined);
  });
  await new Promise<void>(resolve => elsewhere.listen(0, "127.0.0.1", resolve));
  const address = elsewhere.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const server = await Server.start({ PEERPACK_MAP_STYLE_URL: `http://127.0.0.1:${port}/style.json` });
  try {
    const ivan = new Phone(await openPage(), server.url, new Account(server.url, "ivan"));
    const trip = await ivan.account.publishTrip(["Якутск", "Магадан"]);
    const map = ivan.page.getByRole("img", { name: "Карта: Якутск — Магадан" });
    await ivan.open(`/trip/${trip}`);
    await ivan.button("Двигать карту").click();
    await expect(map.and(ivan.page.locator("[data-ready]"))).toBeVisible();
    // Its tiles are fetched by a worker, which keeps to a policy of its own.
    expect(asked).toContain("/style.json");
    expect(asked.some(url => url.endsWith(".pbf"))).toBe(true);
    isThere = false;
    await ivan.open(`/trip/${trip}`);
    await ivan.button("Двигать карту").click();
    await isDrawn(ivan);
  } finally {
    await server.end();
    elsewhere.close();
  }
});
