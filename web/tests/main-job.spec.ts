// The main job over two phones: publish, offer, accept, hand over by code, confirm, review.
import { serious } from "./support/axe.ts";
import {
  EN,
  expect,
  handOver,
  type Phone,
  publishPackage,
  publishTrip,
  RU,
  test,
  type Words,
} from "./support/index.ts";

async function takeOffer(ivan: Phone, words: Words): Promise<void> {
  await ivan.answerBell(words);
  await expect(ivan.button(words.take)).toBeVisible();
  expect(await serious(ivan.page)).toEqual([]);
  await ivan.button(words.take).click();
  await expect(ivan.page).toHaveURL(/deal\//);
}

for (const [words, locale] of [
  [RU, "ru-RU"],
  [EN, "en-GB"],
] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`a parcel finds its courier and arrives, ${locale}, ${colorScheme}`, async ({ phone, route }) => {
      const [anna, ivan] = [
        await phone("anna", { locale, colorScheme }),
        await phone("ivan", { locale, colorScheme }),
      ];
      await publishTrip(ivan, words, route);
      await publishPackage(anna, words, route);
      expect(await serious(anna.page)).toEqual([]);
      await takeOffer(ivan, words);
      await handOver(ivan, anna, words, words.pickUp);
      expect(await serious(anna.page)).toEqual([]);
      await handOver(ivan, anna, words, words.handOver);
      await anna.button(words.confirm).click();
      await expect(anna.page.getByText(words.howWasIt)).toBeVisible();
      await anna.page.getByRole("radio", { name: "5" }).click();
      await anna.button(words.send).click();
      await expect(anna.page.getByText(words.thanks).first()).toBeVisible();
      await ivan.page.getByRole("link", { name: /Кошелёк|Wallet/ }).click();
      await expect(ivan.page.getByText(/8[\s\u00a0,]?100/).first()).toBeVisible();
      expect(await serious(ivan.page)).toEqual([]);
    });
  }
}
