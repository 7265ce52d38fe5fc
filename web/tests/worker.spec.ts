// The shell of the app on the device: it opens without a network, and a newer build takes its place when it may.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "@playwright/test";
import { Account, expect, Phone, Server, test } from "./support/index.ts";

/** Waits until the shell is kept and the page is under its worker. */
async function isKept(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { serviceWorker: workers } = navigator;
    await workers.ready;
    if (!workers.controller) {
      await new Promise(resolve => workers.addEventListener("controllerchange", resolve, { once: true }));
    }
  });
}

test("without a server the app opens, with the lists that it had", async ({ openPage, route }) => {
  const server = await Server.start();
  try {
    const account = new Account(server.url, "anna");
    const anna = new Phone(await openPage({ serviceWorkers: "allow" }), server.url, account);
    await account.publishPackage(route.ru, { description: "Самовар" });
    await anna.open("/mine");
    await expect(anna.page.getByText("Самовар")).toBeVisible();
    await isKept(anna.page);
    await server.kill();
    await anna.open("/mine");
    await expect(anna.page.getByText("Самовар")).toBeVisible();
    await expect(anna.page.getByText("Связи нет")).toBeVisible();
    // A screen that was never open is there, too; nothing of the API is; what is no screen is not hidden behind one.
    await anna.open("/new/trip");
    await expect(anna.page.locator("h1")).toHaveText("Новая поездка");
    const kept = await anna.page.evaluate(async () => {
      const names = await caches.keys();
      const caching = names.map(async name => (await (await caches.open(name)).keys()).map(({ url }) => url));
      return (await Promise.all(caching)).flat();
    });
    expect(kept.length).toBeGreaterThan(20);
    expect(kept.filter(url => url.includes("/api/"))).toEqual([]);
    await anna.page.evaluate(() => location.assign("/docs/"));
    await expect(anna.page.locator("#root")).toHaveCount(0);
  } finally {
    await server.end();
  }
});

/** The server as it is, and later as one with a newer build: another page, and another worker. */
async function deploying(target: string) {
  let isNewer = false;
  const front = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const part of request) body.push(part as Buffer);
    const answer = await fetch(target + request.url, {
      method: request.method ?? "GET",
      headers: Object.fromEntries(
        Object.entries(request.headers).filter(
          ([name]) => !/^(host|connection|.*encoding|.*length)$/.test(name),
        ),
      ) as Record<string, string>,
      ...(body.length > 0 ? { body: Buffer.concat(body) } : {}),
    });
    for (const [name, value] of answer.headers) {
      if (!/^(connection|content-encoding|content-length|transfer-encoding)$/.test(name))
        response.setHeader(name, value);
    }
    response.statusCode = answer.status;
    const type = answer.headers.get("content-type") ?? "";
    if (isNewer && request.url === "/sw.js") {
      response.end((await answer.text()).replace(/("version":")/, "$1newer-"));
    } else if (isNewer && type.includes("text/html")) {
      response.end((await answer.text()).replace("<title>", '<meta name="build" content="newer"><title>'));
    } else {
      response.end(Buffer.from(await answer.arrayBuffer()));
    }
  });
  front.on("upgrade", (_request, socket) => socket.destroy());
  await new Promise<void>(resolve => front.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    deploy: () => {
      isNewer = true;
    },
    end: () => {
      front.closeAllConnections();
      front.close();
    },
  };
}

test("a newer build is offered, waits for the person, and then takes the older one's place", async ({
  openPage,
  server,
}) => {
  const front = await deploying(server.url);
  try {
    const anna = new Phone(
      await openPage({ serviceWorkers: "allow" }),
      front.url,
      new Account(front.url, "anna"),
    );
    const { page } = anna;
    await anna.open("/new/trip");
    await isKept(page);
    front.deploy();
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await expect(page.getByText("Вышла новая версия.")).toBeVisible();
    const newer = page.locator('meta[name="build"][content="newer"]');
    // Nothing is taken from anybody who is in the middle of something, not even by loading the page again.
    await page.reload();
    await expect(page.getByText("Вышла новая версия.")).toBeVisible();
    await expect(newer).toHaveCount(0);
    await anna.button("Обновить").click();
    await expect(newer).toHaveCount(1);
    await expect(page.getByText("Вышла новая версия.")).toHaveCount(0);
    const names = () => page.evaluate(() => caches.keys());
    await expect.poll(names).toEqual([expect.stringContaining("newer-")]);
  } finally {
    front.end();
  }
});
