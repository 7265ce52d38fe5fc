// Where commands are kept: in IndexedDB, or in memory where there is none.
import type { Command, CommandStore } from "./outbox.ts";

/** Keeps commands as long as the page lives. */
export function memoryStore(): CommandStore {
  const kept = new Map<string, Command>();
  return {
    all: async () => [...kept.values()],
    put: async command => {
      kept.set(command.id, command);
    },
    remove: async id => {
      kept.delete(id);
    },
  };
}

/** What keeps texts under names. */
export interface Texts {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
}

/** Keeps commands as one text, where texts outlive the page's own storage; `other` takes what that cannot. */
export function textStore(texts: Texts, other: CommandStore): CommandStore {
  let commands: Map<string, Command> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  // One after the other: each writes all of them.
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const kept = async () => {
    commands ??= new Map(
      (JSON.parse((await texts.get("outbox")) ?? "[]") as Command[]).map(one => [one.id, one]),
    );
    return commands;
  };
  const write = async (change: (commands: Map<string, Command>) => void) => {
    const next = new Map(await kept());
    change(next);
    await texts.set("outbox", JSON.stringify([...next.values()]));
    commands = next;
  };
  return {
    all: () =>
      inTurn(async () => {
        const [own, others] = await Promise.all([
          kept().catch(() => new Map<string, Command>()),
          other.all(),
        ]);
        return [...others.filter(one => !own.has(one.id)), ...own.values()];
      }),
    put: command => inTurn(() => write(all => all.set(command.id, command)).catch(() => other.put(command))),
    remove: id =>
      inTurn(async () => {
        await Promise.all([write(all => all.delete(id)).catch(() => undefined), other.remove(id)]);
      }),
  };
}

/** Keeps commands in IndexedDB: they outlive the page and the app. */
export async function indexedStore(name = "peerpack"): Promise<CommandStore> {
  const database = await done(opened(name));
  const commands = (mode: IDBTransactionMode) =>
    database.transaction("commands", mode, { durability: "strict" }).objectStore("commands");
  return {
    all: () => done(commands("readonly").getAll()),
    put: async command => {
      const store = commands("readwrite");
      store.put(command);
      await committed(store.transaction);
    },
    remove: async id => {
      const store = commands("readwrite");
      store.delete(id);
      await committed(store.transaction);
    },
  };
}

/** The best store that the device has: private windows may refuse IndexedDB. */
export async function bestStore(name?: string): Promise<CommandStore> {
  return indexedStore(name).catch(() => memoryStore());
}

function opened(name: string): IDBOpenDBRequest {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore("commands", { keyPath: "id" });
  return request;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}
