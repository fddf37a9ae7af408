// Keeps the field page, its scripts and its style, and answers with them when there is no network. VERSION and FILES stand
// before this, written by the gateway. Only a whole page of this version is kept: never a redirect, never a refusal.
"use strict";

const KEPT = `field-${VERSION}`;
const SHELL = "/field";
const PATIENCE_MS = 4000;

const isShell = (response) => response.ok && !response.redirected && response.headers.has("x-field");
const isOwn = (response) => isShell(response) && response.headers.get("x-field") === VERSION;

self.addEventListener("install", (event) => event.waitUntil((async () => {
  const shell = await fetch(SHELL, { cache: "no-store", redirect: "manual", headers: { accept: "text/html" } });
  if (!isOwn(shell)) throw new Error("the field page is not to be had now");
  const cache = await caches.open(KEPT);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
  await cache.put(SHELL, shell);
  await self.skipWaiting();
})()));

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("field-") && name !== KEPT) await caches.delete(name);
  await self.clients.claim();
})()));

/** The page from the network; what was kept when it does not answer in time, or answers with something else. */
async function shell(event) {
  const cache = await caches.open(KEPT);
  const kept = await cache.match(SHELL);
  const fresh = fetch(event.request).then(async (response) => {
    if (isOwn(response)) await cache.put(SHELL, response.clone());
    else if (isShell(response)) self.registration.update().catch(() => {});
    return response;
  });
  if (!kept) return fresh;
  event.waitUntil(fresh.catch(() => {}));
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null));
  const first = await Promise.race([fresh, late]).catch(() => null);
  return first && isShell(first) ? first : kept;
}

async function file(request) {
  const cache = await caches.open(KEPT);
  return (await cache.match(request)) ?? fetch(request);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (address.pathname === SHELL) event.respondWith(shell(event));
  } else if (FILES.includes(address.pathname + address.search)) {
    event.respondWith(file(request));
  }
});
