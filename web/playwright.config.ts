// The Mini App in a real browser against the real server. Chromium is the system's: PEERPACK_CHROMIUM, or Debian's.
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "tests",
  timeout: 90_000,
  expect: { timeout: 20_000 },
  // One that fails now and then has found something.
  retries: 0,
  workers: 2,
  fullyParallel: true,
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
