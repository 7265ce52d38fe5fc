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

/**
 * Waits until nothing fades or flies in any more: half-way through, colours are half as strong. Rings that empty, and what
 * goes on for ever, are always as strong.
 */
export async function stillness(page: Page): Promise<void> {
  await page.evaluate(() => {
    const isShort = (one: Animation) => Number(one.effect?.getComputedTiming().activeDuration) < 2_000;
    const ends = document.getAnimations().filter(isShort);
    return Promise.allSettled(ends.map(one => one.finished));
  });
}
