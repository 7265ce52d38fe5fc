// Two people talk: found by name, written to, read, masked before a deal, blocked; and what is said to everybody.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { serious } from "./support/axe.ts";
import { expect, type Phone, publishTrip, RU, test } from "./support/index.ts";

const pictures = process.env.PEERPACK_GALLERY;

async function keep(phone: Phone, name: string): Promise<void> {
  expect(await serious(phone.page)).toEqual([]);
  const overflow = () => phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await expect.poll(overflow, { message: name }).toBeLessThanOrEqual(0);
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await phone.page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

async function write(phone: Phone, words: string): Promise<void> {
  await phone.page.getByLabel("Сообщение", { exact: true }).fill(words);
  await phone.button("Отправить").click();
}

/** Writes to the courier of a trip for the first time. The chat's id. */
async function startChat(phone: Phone, trip: string | undefined): Promise<string | undefined> {
  await phone.open(`/trip/${trip}`);
  await phone.button("Написать").click();
  await expect(phone.page).toHaveURL(/\/chat\//);
  return new URL(phone.page.url()).pathname.split("/").pop();
}

test("two people talk, each reads the other at once, and contacts wait for a deal", async ({
  phone,
  route,
}) => {
  const viewport = { width: 360, height: 740 };
  const [anna, ivan] = [await phone("anna", { viewport }), await phone("ivan", { viewport })];
  await publishTrip(ivan, RU, route);
  await startChat(anna, new URL(ivan.page.url()).pathname.split("/").pop());
  await write(anna, "Здравствуйте! Возьмёте две книги?");
  await expect(anna.page.getByText("Здравствуйте! Возьмёте две книги?")).toBeVisible();

  await ivan.open("/chats");
  await expect(ivan.page.getByLabel("Непрочитанных: 1")).toBeVisible();
  await keep(ivan, "chats");
  await ivan.page.getByText("Здравствуйте! Возьмёте две книги?").click();
  await expect(ivan.page).toHaveURL(/\/chat\//);
  await expect(anna.page.getByText("Прочитано").first()).toBeVisible();
  await write(ivan, "Возьму, звоните +7 900 123-45-67");
  await expect(anna.page.getByText(/Возьму, звоните/)).toBeVisible();
  // A phone number before there is a deal: its reader is told that there was one.
  await expect(anna.page.locator("body")).not.toContainText("123-45-67");
  await keep(anna, "chat");

  await anna.button("Ещё").click();
  await anna.button("Заблокировать").click();
  await anna.button("Заблокировать").last().click();
  await expect(anna.page.getByText("Вы заблокировали этого человека.")).toBeVisible();
  await write(ivan, "Вы здесь?");
  await expect(anna.page.getByText("Вы здесь?")).toHaveCount(0);
});

test("a chat opens where one stopped reading, and says that more has come below", async ({
  phone,
  route,
}) => {
  const viewport = { width: 360, height: 560 };
  const [anna, ivan] = [await phone("anna", { viewport }), await phone("ivan", { viewport })];
  const chat = await startChat(anna, await ivan.account.publishTrip(route.ru));
  await write(anna, "Здравствуйте!");
  await expect(anna.page.getByText("Здравствуйте!")).toBeVisible();
  const say = (words: string) =>
    ivan.account.call("POST", "/api/messages", {
      chat_id: chat,
      client_msg_id: crypto.randomUUID(),
      content: words,
    });
  await anna.open("/mine");
  for (let at = 1; at <= 12; at++) await say(`Слово ${at}`);
  await anna.open(`/chat/${chat}`);
  await expect(anna.page.getByText("Новые сообщения")).toBeInViewport();
  await expect(anna.page.getByText("Слово 1", { exact: true })).toBeInViewport();
  await expect(anna.page.getByText("Слово 12", { exact: true })).not.toBeInViewport();
  await say("Слово 13");
  await anna.button("К последним").click();
  await expect(anna.page.getByText("Слово 13", { exact: true })).toBeInViewport();
  await expect(anna.button("К последним")).toHaveCount(0);
});

test("what somebody puts up on the board others read, and answer in a chat", async ({ phone }) => {
  const viewport = { width: 360, height: 740 };
  const [anna, ivan] = [await phone("anna", { viewport }), await phone("ivan", { viewport })];
  const words = `Лечу в Дубай в пятницу, свободно 5 кг (${ivan.account.number})`;
  await ivan.open("/board");
  await ivan.button("Новое объявление").click();
  await ivan.page.getByLabel("Что сказать всем?").fill(words);
  await ivan.page.getByLabel("Откуда", { exact: true }).fill("Москва");
  await ivan.page.getByLabel("Куда", { exact: true }).fill("Дубай");
  await ivan.button("Разместить").click();
  await expect(ivan.page.getByText(words)).toBeVisible();
  await anna.open("/board");
  const post = anna.page.locator("article", { hasText: words });
  await expect(post).toBeVisible();
  await expect(post.getByText("Москва → Дубай")).toBeVisible();
  await keep(anna, "board");
  await post.getByRole("button", { name: "Написать" }).click();
  await expect(anna.page).toHaveURL(/\/chat\//);
  await expect(anna.page.getByRole("heading", { name: "Иван" })).toBeVisible();
});
