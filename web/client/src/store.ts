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
