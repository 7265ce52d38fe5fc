// People who use the Mini App on phones of their own. Every error of a page fails the test that it happens in.
import {
  type BrowserContext,
  type BrowserContextOptions,
  test as base,
  expect,
  type Page,
} from "@playwright/test";
import { Account } from "./account.ts";
import { Server } from "./server.ts";
import { RU, type Words } from "./words.ts";

export { Account } from "./account.ts";
export { Server } from "./server.ts";
export { EN, RU, type Words } from "./words.ts";
export { expect };

export interface PhoneOptions extends BrowserContextOptions {
  locale?: "ru-RU" | "en-GB";
}

/** A page that is somebody's phone. */
export class Phone {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly url: string;
  /** The same person at the API, for what a test needs but does not look at. */
  readonly account: Account;

  constructor(page: Page, url: string, account: Account) {
    this.page = page;
    this.context = page.context();
    this.url = url;
    this.account = account;
  }

  async open(path: string): Promise<void> {
    await this.page.goto(`${this.url}${path}${path.includes("?") ? "&" : "?"}as=${this.account.scope}`);
  }

  button(name: string | RegExp) {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  async choosePlace(label: string, name: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(name);
    await this.page
      .getByRole("option", { name: new RegExp(`^${name} `) })
      .first()
      .click();
  }

  /** Opens the offer that rings. */
  async answerBell(words: Words = RU): Promise<void> {
    await this.button(words.bell).click();
  }
}

/** Each worker has a server of its own, so counting in the worker is enough. */
let nextRoute = 0;

interface Fixtures {
  /** A way of this test's own: couriers of other tests are not asked. */
  route: Route;
  /** A page whose errors fail the test. */
  openPage: (options?: BrowserContextOptions) => Promise<Page>;
  phone: (name: "anna" | "ivan" | "pyotr", options?: PhoneOptions) => Promise<Phone>;
}

interface WorkerFixtures {
  server: Server;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.end();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
  route: async ({}, use) => {
    await use(ROUTES[nextRoute++ % ROUTES.length] as Route);
  },
  openPage: async ({ browser }, use) => {
    const errors: string[] = [];
    const contexts: BrowserContext[] = [];
    await use(async options => {
      const context = await browser.newContext({
        locale: "ru-RU",
        timezoneId: "Europe/Moscow",
        // A page that comes out of a store would not show what its server says.
        serviceWorkers: "block",
        ...options,
      });
      contexts.push(context);
      // Every page of the context, so that a second tab is watched, too.
      context.on("page", page => watch(page, errors));
      return context.newPage();
    });
    await Promise.all(contexts.map(context => context.close()));
    expect(errors, "no page may fail").toEqual([]);
  },
  phone: async ({ openPage, server }, use) => {
    const accounts: Account[] = [];
    await use(async (name, options = {}) => {
      const page = await openPage(options);
      const account = new Account(server.url, name);
      accounts.push(account);
      return new Phone(page, server.url, account);
    });
    await Promise.all(accounts.map(account => account.leave()));
  },
});

/** Notes what goes wrong on a page; Chromium counts unhandled rejections among its errors. */
function watch(page: Page, errors: string[]): void {
  page.on("pageerror", error => errors.push(`${page.url()}: ${error.message}`));
  page.on("console", message => {
    // The browser itself reports answers of 4xx and cut connections; the app shows those to the person.
    if (
      message.type() === "error" &&
      !/Failed to load resource|WebSocket connection|WebSocket is already in CLOSING/.test(message.text())
    ) {
      errors.push(`${page.url()}: ${message.text()}`);
    }
  });
}

/** Towns between which nobody of the demo travels, by language. */
export type Route = Record<"ru" | "en", readonly [from: string, to: string]>;

const ROUTES: readonly Route[] = [
  { ru: ["Якутск", "Магадан"], en: ["Yakutsk", "Magadan"] },
  { ru: ["Кызыл", "Абакан"], en: ["Kyzyl", "Abakan"] },
  { ru: ["Чита", "Улан-Удэ"], en: ["Chita", "Ulan-Ude"] },
  { ru: ["Воркута", "Инта"], en: ["Vorkuta", "Inta"] },
  { ru: ["Нальчик", "Грозный"], en: ["Nalchik", "Grozny"] },
];

/** A day that is in the future in every time zone, whenever the test runs. */
export function soon(): string {
  return new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
}

/** Publishes a trip that can carry everything. */
export async function publishTrip(phone: Phone, words: Words, route: Route): Promise<void> {
  const [from, to] = route[words.language];
  await phone.open("/new/trip");
  await phone.choosePlace(words.from, from);
  await phone.choosePlace(words.to, to);
  await phone.page.getByLabel(words.day).fill(soon());
  await phone.page.getByLabel(words.departs).fill("08:00");
  await phone.button(words.publish).click();
  await expect(phone.page).toHaveURL(/my-trip/);
}

/** Publishes a package in three steps. */
export async function publishPackage(phone: Phone, words: Words, route: Route, mode?: string): Promise<void> {
  const [from, to] = route[words.language];
  await phone.open("/new/package");
  await phone.choosePlace(words.pickUpIn, from);
  await phone.choosePlace(words.deliverTo, to);
  await phone.button(words.next).click();
  await phone.page.getByLabel(words.what).fill(words.books);
  await phone.button(words.next).click();
  await phone.page.getByLabel(words.reward).fill("9000");
  if (mode) await phone.page.getByRole("radio", { name: mode }).check();
  await phone.page.getByText(words.nothingForbidden).click();
  await phone.button(words.publish).click();
  await expect(phone.page).toHaveURL(/package\//);
}

/** Does a step that needs a code, which the sender's phone shows. */
export async function handOver(courier: Phone, sender: Phone, words: Words, step: string): Promise<void> {
  const field = courier.page.getByLabel(words.code);
  await expect(field).toBeVisible();
  const code = await sender.page.locator(".code").first().textContent();
  await field.fill(code ?? "");
  await courier.button(step).click();
  if (step === words.pickUp) {
    // The code of the pickup is gone from the sender's phone; what it shows now is the other one.
    await expect(courier.button(words.handOver)).toBeVisible();
    await expect(sender.page.locator(".code")).toHaveCount(1);
  }
}
