// A sender without money is told before publishing what is missing, and pays exactly that from the same screen.
import { Account, expect, Phone, RU, Server, test } from "./support/index.ts";

test("what is missing is paid from the screen that says so", async ({ openPage, route }) => {
  const server = await Server.start({
    PEERPACK_PAYMENTS: "manual",
    PEERPACK_PAYMENT_INSTRUCTIONS: "Счёт 40702",
  });
  try {
    const page = await openPage({ viewport: { width: 360, height: 740 } });
    const anna = new Phone(page, server.url, new Account(server.url, "anna"));
    await anna.open("/new/package");
    await anna.choosePlace(RU.pickUpIn, route.ru[0]);
    await anna.choosePlace(RU.deliverTo, route.ru[1]);
    await anna.button(RU.next).click();
    await page.getByLabel(RU.what).fill(RU.books);
    await anna.button(RU.next).click();
    await page.getByLabel(RU.reward).fill("900");
    await expect(page.getByText(/не хватает 900/)).toBeVisible();
    await anna.button(/Пополнить на 900/).click();
    await expect(page.getByLabel("Сумма")).toHaveValue("900");
    await anna.button("Оплатить").click();
    await expect(page.getByText("Счёт 40702")).toBeVisible();
    const { payments } = await anna.account.call<{ payments: { amount: number; status: string }[] }>(
      "GET",
      "/api/payments",
    );
    expect(payments).toMatchObject([{ amount: 900, status: "pending" }]);
  } finally {
    await server.end();
  }
});
