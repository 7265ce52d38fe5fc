// A real server, and people who use the Mini App on phones of their own. Every error of a page fails the test.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, test as base, expect, type Page } from "@playwright/test";

const PROGRAM =
  process.env.PEERPACK_PROGRAM ?? new URL("../../target/debug/peerpack", import.meta.url).pathname;

/** A server of the demo with an empty world of its own, which can be killed and started again. */
export class Server {
  readonly url: string;
  private readonly port: number;
  private readonly data = mkdtempSync(join(tmpdir(), "peerpack-pages-"));
  private process: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Server> {
    const server = new Server(await freePort());
    await server.run();
    return server;
  }

  async run(): Promise<void> {
    const env = { ...process.env, PEERPACK_DATA_DIR: this.data, PEERPACK_LOG: "warn" };
    const args = ["demo", "--listen", `127.0.0.1:${this.port}`];
    this.process = spawn(PROGRAM, args, { env, stdio: "ignore" });
    await expect
      .poll(
        () =>
          fetch(`${this.url}/api/health/ready`).then(
            answer => answer.status,
            () => 0,
          ),
        { timeout: 60_000 },
      )
      .toBe(200);
  }

  /** As a crash would end it. */
  async kill(): Promise<void> {
    const { process } = this;
    if (!process || process.exitCode !== null) return;
    const ended = new Promise(resolve => process.once("exit", resolve));
    process.kill("SIGKILL");
    await ended;
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.data, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  return new Promise(resolve => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

export interface PhoneOptions {
  locale?: "ru-RU" | "en-GB";
  colorScheme?: "light" | "dark";
  viewport?: { width: number; height: number };
}

/** A page that is somebody's phone. */
export class Phone {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly url: string;

  constructor(page: Page, context: BrowserContext, url: string) {
    this.page = page;
    this.context = context;
    this.url = url;
  }

  async open(path: string): Promise<void> {
    await this.page.goto(this.url + path + (path.includes("?") ? "&" : "?") + this.who);
  }

  who = "";

  button(name: string | RegExp) {
    return this.page.getByRole("button", { name });
  }

  async choosePlace(label: string, name: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(name);
    await this.page
      .getByRole("option", { name: new RegExp(`^${name} `) })
      .first()
      .click();
  }
}

/** People are new in every test, so that tests do not meet each other. */
let lastNumber = 800_000_000 + Math.floor(Math.random() * 100_000_000);

/** Each worker has a server of its own, so counting in the worker is enough. */
let nextRoute = 0;

interface Fixtures {
  /** A way of this test's own: couriers of other tests are not asked. */
  route: Route;
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
    { scope: "worker", timeout: 90_000 },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
  route: async ({}, use) => {
    await use(ROUTES[nextRoute++ % ROUTES.length] as Route);
  },
  phone: async ({ browser, server }, use) => {
    const errors: string[] = [];
    const contexts: BrowserContext[] = [];
    await use(async (name, options = {}) => {
      const phone = await openPhone(browser, server.url, name, options, errors);
      contexts.push(phone.context);
      return phone;
    });
    await Promise.all(contexts.map(context => context.close()));
    expect(errors, "no page may fail").toEqual([]);
  },
});

async function openPhone(
  browser: Browser,
  url: string,
  name: string,
  options: PhoneOptions,
  errors: string[],
): Promise<Phone> {
  const context = await browser.newContext({
    locale: options.locale ?? "ru-RU",
    colorScheme: options.colorScheme ?? "light",
    timezoneId: "Europe/Moscow",
    ...(options.viewport ? { viewport: options.viewport } : {}),
  });
  const page = await context.newPage();
  page.on("pageerror", error => errors.push(`${name}: ${error.message}`));
  page.on("console", message => {
    // The browser itself reports answers of 4xx and cut connections; the app shows those to the person.
    if (message.type() === "error" && !/Failed to load resource|WebSocket connection/.test(message.text())) {
      errors.push(`${name}: ${message.text()}`);
    }
  });
  const phone = new Phone(page, context, url);
  phone.who = `as=${name}-${++lastNumber}`;
  return phone;
}

export { expect };

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
export async function publishPackage(phone: Phone, words: Words, route: Route): Promise<void> {
  const [from, to] = route[words.language];
  await phone.open("/new/package");
  await phone.choosePlace(words.pickUpIn, from);
  await phone.choosePlace(words.deliverTo, to);
  await phone.button(words.next).click();
  await phone.page.getByLabel(words.what).fill(words.books);
  await phone.button(words.next).click();
  await phone.page.getByLabel(words.reward).fill("9000");
  await phone.page.getByText(words.nothingForbidden).click();
  await phone.button(words.publish).click();
  await expect(phone.page).toHaveURL(/package\//);
}

/** What the pages say, as far as tests look for it. */
export interface Words {
  language: "ru" | "en";
  from: string;
  to: string;
  day: string;
  departs: string;
  publish: string;
  pickUpIn: string;
  deliverTo: string;
  next: string;
  what: string;
  books: string;
  reward: string;
  nothingForbidden: string;
  bell: RegExp;
  take: RegExp;
  pickUp: string;
  code: string;
  handOver: string;
  confirm: RegExp;
  howWasIt: string;
  send: string;
  thanks: string;
  missed: string;
  faster: string;
  unconfirmed: RegExp;
  wrong: string;
  whatIsWrong: string;
  disputed: RegExp;
}

export const RU: Words = {
  language: "ru",
  from: "Откуда",
  to: "Куда",
  day: "День отправления",
  departs: "Отправление",
  publish: "Опубликовать",
  pickUpIn: "Забрать в",
  deliverTo: "Доставить в",
  next: "Дальше",
  what: "Что внутри?",
  books: "Две книги",
  reward: "Вознаграждение курьеру, ₽",
  nothingForbidden: "Внутри нет запрещённого",
  bell: /Новая заявка/,
  take: /Взять за/,
  pickUp: "Посылка у меня",
  code: "Код из шести цифр",
  handOver: "Передал получателю",
  confirm: /Получено, всё хорошо/,
  howWasIt: "Как всё прошло?",
  send: "Отправить",
  thanks: "Спасибо",
  missed: "Упущенные",
  faster: "Другой курьер был быстрее",
  unconfirmed: /Ответа пока нет/,
  wrong: "Что-то не так",
  whatIsWrong: "Что случилось?",
  disputed: /Решает оператор/,
};

export const EN: Words = {
  language: "en",
  from: "From",
  to: "To",
  day: "Departure day",
  departs: "Departs",
  publish: "Publish",
  pickUpIn: "Pick up in",
  deliverTo: "Deliver to",
  next: "Next",
  what: "What is it?",
  books: "Two books",
  reward: "Reward for the courier, ₽",
  nothingForbidden: "Nothing forbidden is inside",
  bell: /New offer/,
  take: /Take it for/,
  pickUp: "I have the parcel",
  code: "Six-digit code",
  handOver: "Handed over",
  confirm: /I have it, all is well/,
  howWasIt: "How was it?",
  send: "Send",
  thanks: "Thank you",
  missed: "Missed",
  faster: "Another courier was faster",
  unconfirmed: /No answer yet/,
  wrong: "Something is wrong",
  whatIsWrong: "What is wrong?",
  disputed: /An operator decides/,
};
