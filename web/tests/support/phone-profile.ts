// A weak phone in a bad network, as the budgets mean it: 4 times slower, 1.6 Mbit/s, 150 ms.
import type { CDPSession, Page } from "@playwright/test";

const BYTES_PER_S = (1.6 * 1_000_000) / 8;

export async function slowDown(page: Page): Promise<CDPSession> {
  const device = await page.context().newCDPSession(page);
  await device.send("Network.enable");
  await device.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 150,
    downloadThroughput: BYTES_PER_S,
    uploadThroughput: BYTES_PER_S,
  });
  await device.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  return device;
}

/** The value that so many of a hundred do not exceed. */
export function percentile(values: readonly number[], of: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * of) / 100) - 1)] ?? Number.NaN;
}
