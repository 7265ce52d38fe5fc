// The Mini App in a real browser against the real server. Chromium is the system's: PEERPACK_CHROMIUM, or Debian's.
import { availableParallelism } from "node:os";
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "tests",
  // Measurements need the machine for themselves: scripts/pages.sh budgets.
  testIgnore: [
    ...(process.env.PEERPACK_BUDGETS ? [] : ["budgets.spec.ts"]),
    // They change files of docs/: scripts/pages.sh pictures.
    ...(process.env.PEERPACK_PICTURES ? [] : ["pictures.spec.ts"]),
  ],
  // Both are for machines that build something else meanwhile; an idle one needs a tenth.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  // One that fails now and then has found something.
  retries: 0,
  // Every worker has a server and up to three browsers' worth of pages.
  workers: Math.max(1, Math.floor(availableParallelism() / 4)),
  fullyParallel: true,
  forbidOnly: true,
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    launchOptions: {
      executablePath: process.env.PEERPACK_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
    viewport: { width: 390, height: 844 },
    trace: "retain-on-failure",
  },
});
