// Commands on a device that keeps texts for the page, and sometimes does not.
import { expect, test } from "vitest";
import type { Command } from "../src/outbox.ts";
import { memoryStore, type Texts, textStore } from "../src/store.ts";

const command = (id: string, state: Command["state"] = "sending"): Command => ({
  id,
  userId: "anna",
  kind: "offer.accept",
  subject: "offer",
  method: "PUT",
  path: "/api/package-requests/offer/accept",
  createdAt: 0,
  state,
});

class Device implements Texts {
  isBroken = false;
  readonly texts = new Map<string, string>();

  async get(key: string): Promise<string | undefined> {
    if (this.isBroken) throw new Error("no answer");
    return this.texts.get(key);
  }

  async set(key: string, value: string): Promise<void> {
    if (this.isBroken) throw new Error("no answer");
    this.texts.set(key, value);
  }
}

const ids = (commands: readonly Command[]) => commands.map(one => one.id).sort();

test("commands outlive the page in the texts of the device", async () => {
  const device = new Device();
  const store = textStore(device, memoryStore());
  // At once, as taps come: none of them overwrites another.
  await Promise.all([store.put(command("a")), store.put(command("b")), store.put(command("c"))]);
  await store.remove("b");
  await store.put(command("c", "done"));
  const next = await textStore(device, memoryStore()).all();
  expect(ids(next)).toEqual(["a", "c"]);
  expect(next.find(one => one.id === "c")?.state).toBe("done");
});

test("a device that does not answer loses nothing", async () => {
  const [device, page] = [new Device(), memoryStore()];
  const store = textStore(device, page);
  await store.put(command("a"));
  device.isBroken = true;
  await store.put(command("b"));
  expect(ids(await page.all())).toEqual(["b"]);
  expect(ids(await store.all())).toEqual(["a", "b"]);
  device.isBroken = false;
  await store.remove("b");
  expect(ids(await textStore(device, page).all())).toEqual(["a"]);
});

test("what was kept before the device could keep texts is still there", async () => {
  const page = memoryStore();
  await page.put(command("old"));
  expect(ids(await textStore(new Device(), page).all())).toEqual(["old"]);
});
