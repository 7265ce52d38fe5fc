// What the documentation shows of the client compiles.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";

test("the example of another front end compiles", () => {
  const page = readFileSync(new URL("../../../docs/miniapp.md", import.meta.url), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(page)?.[1];
  expect(example).toContain("new PeerPack");
  const file = new URL("../src/example.tmp.ts", import.meta.url);
  writeFileSync(file, (example ?? "").replace('"@peerpack/client"', '"./index.ts"'));
  try {
    const compiler = new URL("../../node_modules/.bin/tsc", import.meta.url).pathname;
    execFileSync(compiler, ["--noEmit", "-p", new URL("../tsconfig.json", import.meta.url).pathname], {
      stdio: "pipe",
    });
  } finally {
    rmSync(file);
  }
}, 60_000);
