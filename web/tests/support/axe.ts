// What axe has to say about a page.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/** What axe finds serious on a page, contrast included. */
export async function serious(page: Page): Promise<string[]> {
  await stillness(page);
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"])
    .analyze();
  const grave = violations.filter(one => one.impact === "serious" || one.impact === "critical");
  return grave.map(
    one => `${new URL(page.url()).pathname} ${one.id}: ${one.nodes.map(node => node.html).join(" ")}`,
  );
}

/** Waits until nothing moves any more: half-way through an animation colours are half as strong. */
async function stillness(page: Page): Promise<void> {
  await page.evaluate(() => {
    const ends = document.getAnimations().filter(one => one.effect?.getTiming().iterations !== Infinity);
    return Promise.allSettled(ends.map(one => one.finished));
  });
}
