// Every screen in both languages, light and dark, narrow and wide: nothing serious for axe, nothing wider than the window.
// With PEERPACK_GALLERY the pictures are kept in the folder that it names.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { serious } from "./support/axe.ts";
import { EN, expect, type Phone, RU, test, type Words } from "./support/index.ts";
import { type Stage, stage } from "./support/stage.ts";

const pictures = process.env.PEERPACK_GALLERY;
const WIDTHS = [360, 1_200] as const;

interface Stop {
  name: string;
  who: "anna" | "ivan";
  path: string;
  /** What is there once the screen has loaded. */
  sign: (phone: Phone) => ReturnType<Phone["page"]["locator"]>;
}

function stops(made: Stage, words: Words): Stop[] {
  const text = (wanted: string) => (phone: Phone) => phone.page.getByText(wanted).first();
  const heading = (phone: Phone) => phone.page.locator("h1");
  return [
    { name: "start", who: "anna", path: "/", sign: heading },
    { name: "new-package", who: "anna", path: "/new/package", sign: heading },
    { name: "new-trip", who: "ivan", path: "/new/trip", sign: heading },
    { name: "offers", who: "ivan", path: "/offers", sign: phone => phone.button(words.take) },
    { name: "my-packages", who: "anna", path: "/mine", sign: text(words.guitar) },
    { name: "package", who: "anna", path: `/package/${made.openPackage}`, sign: text(words.toys) },
    { name: "responses", who: "anna", path: `/package/${made.chosenPackage}`, sign: text(words.comment) },
    {
      name: "codes",
      who: "anna",
      path: `/package/${made.deal.packageId}`,
      sign: phone => phone.page.locator(".code").first(),
    },
    {
      name: "deal",
      who: "ivan",
      path: `/deal/${made.deal.tripId}/${made.deal.requestId}`,
      sign: text(words.books),
    },
    { name: "my-trip", who: "ivan", path: `/my-trip/${made.tripId}`, sign: text(words.books) },
    { name: "trip", who: "anna", path: `/trip/${made.tripId}`, sign: heading },
    { name: "wallet", who: "anna", path: "/wallet", sign: phone => phone.page.locator(".balance") },
    { name: "notifications", who: "anna", path: "/notifications", sign: heading },
    { name: "chats", who: "anna", path: "/chats", sign: heading },
    { name: "board", who: "ivan", path: "/board", sign: heading },
    { name: "profile", who: "ivan", path: "/me", sign: phone => phone.page.locator(".avatar").first() },
  ];
}

for (const [words, locale] of [
  [RU, "ru-RU"],
  [EN, "en-GB"],
] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`every screen, ${locale}, ${colorScheme}`, async ({ phone, route }) => {
      const viewport = { width: WIDTHS[0], height: 740 };
      const people = {
        anna: await phone("anna", { locale, colorScheme, viewport }),
        ivan: await phone("ivan", { locale, colorScheme, viewport }),
      };
      const made = await stage(people.anna, people.ivan, words, route);
      for (const { name, who, path, sign } of stops(made, words)) {
        const { page } = people[who];
        await people[who].open(path);
        await expect(sign(people[who])).toBeVisible();
        await expect(page.locator(".skeleton")).toHaveCount(0);
        expect(await serious(page)).toEqual([]);
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: width === 360 ? 740 : 800 });
          const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          await expect.poll(overflow, { message: `${name} at ${width}` }).toBeLessThanOrEqual(0);
          if (!pictures) continue;
          mkdirSync(pictures, { recursive: true });
          const file = `${name}-${words.language}-${colorScheme}-${width}.png`;
          await page.screenshot({
            path: join(pictures, file),
            fullPage: width === 360,
          });
        }
        await page.setViewportSize(viewport);
      }
    });
  }
}
