// Keeps the shell of the app on the device: its page and its files, so that it opens without a network, and at once on a
// bad one. What the server is asked for besides goes past it.
//
// A new build has another list of files, and so is another worker: it gets its own copy of everything, and waits until
// the person changes over, or until the app was closed.

declare const self: ServiceWorkerGlobalScope;

/** This build, put in by `vite.config.ts`: what tells it from others, its script, and every file under its hashed name. */
declare const __SHELL__: { version: string; entry: string; files: readonly string[] };

const { version, entry, files } = __SHELL__;
const PREFIX = "peerpack.shell.";
const CACHE = PREFIX + version;
const PAGE = "/";

/** Beginnings of addresses that are no screens of the app; the server has the same list, and a test compares them. */
const NOT_SCREENS = ["/api", "/v1", "/ws", "/docs", "/dev", "/assets", "/track", "/openapi.json"];

self.addEventListener("install", event => event.waitUntil(keep()));
self.addEventListener("activate", event => event.waitUntil(takeOver()));
self.addEventListener("message", ({ data }) => {
  if (data === "change-over") void self.skipWaiting();
});
self.addEventListener("fetch", event => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  const isScreen = request.mode === "navigate" && !NOT_SCREENS.some(prefix => pathname.startsWith(prefix));
  if (isScreen) event.respondWith(kept(PAGE, request));
  else if (files.includes(pathname)) event.respondWith(kept(pathname, request));
});

async function keep(): Promise<void> {
  const cache = await caches.open(CACHE);
  const page = await fetch(PAGE, { cache: "reload", headers: { accept: "text/html" } });
  // Where a deploy is under way, the page may be that of another build; then there is another try later.
  if (!page.ok || !(await page.clone().text()).includes(entry))
    throw new Error("the page is of another build");
  await cache.put(PAGE, page);
  await cache.addAll([...files]);
}

async function takeOver(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter(name => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map(name => caches.delete(name)));
  // So that the first visit already leaves an app that opens without a network.
  await self.clients.claim();
}

async function kept(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(path, { ignoreVary: true })) ?? fetch(request);
}
