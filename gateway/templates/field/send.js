// The outbox on its way: photographs first, then the form, one after the other in the order of signing. What is sent twice
// counts once, so whatever is in doubt is sent again. An ended session, a lost connection or a fault of the gateway leaves
// everything as it is; only a refusal in words changes a form's state.

import * as store from "./store.js";

const PERIOD_MS = 30_000;
const PATIENCE_MS = 60_000;
const WHO_PATIENCE_MS = 15_000;

/** How it stands: what is on its way, and why not more. */
export const way = { sending: null, trouble: null };

/** Asks the gateway; a redirect is a sign-in that ended, never an answer. */
export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS), ...options });
  } catch {
    return { trouble: "offline" };
  }
  if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return { trouble: "signed_out" };
  if (answer.status >= 500 || answer.status === 408 || answer.status === 429) return { trouble: "gateway" };
  const body = await answer.json().catch(() => null);
  // A café's own page in between is no answer either.
  if (body === null && answer.ok) return { trouble: "offline" };
  return { status: answer.status, body: body ?? {} };
}

/** Who is signed in: they become the phone's person; what others left stays theirs. */
export async function identify() {
  const { trouble, body } = await ask("/field/who", { signal: AbortSignal.timeout(WHO_PATIENCE_MS) });
  way.trouble = trouble ?? (body.person ? null : "signed_out");
  if (!way.trouble) {
    const before = await store.me();
    if (before?.person !== body.person || before?.name !== body.name) await store.setMe(body.person, body.name);
  }
  return way.trouble ? null : body.person;
}

/** Loads the day's work; what was loaded before stays until this is whole. */
export async function prepare() {
  const { trouble, status, body } = await ask("/field/day");
  way.trouble = trouble ?? null;
  if (trouble) return trouble;
  if (status !== 200 || !Array.isArray(body.units)) return "gateway";
  await store.setMe(body.person, body.name);
  const units = body.units.filter(Boolean);
  await store.put("days", { ...body, units, loaded_at: Date.now() });
  return null;
}

let busy = false;
/** Sends what waits, if nobody does so already. Returns whether anything arrived. */
export async function send() {
  if (busy) return false;
  busy = true;
  try {
    if (!navigator.locks) return await run();
    return await navigator.locks.request("field-send", { ifAvailable: true }, (lock) => lock && run());
  } finally {
    busy = false;
    way.sending = null;
    store.announce();
  }
}

async function run() {
  const all = (await store.all("outbox")).filter((entry) => entry.state === "waiting");
  if (!all.length && !way.trouble) return false;
  // Nobody sends in another's name, not even the photographs.
  const person = await identify();
  const waiting = person ? all.filter((entry) => entry.person === person) : [];
  let arrived = false;
  for (const entry of waiting.sort((a, b) => a.order - b.order)) {
    way.sending = entry.uid;
    store.announce();
    const outcome = await deliver(entry);
    if (outcome === "stop") break;
    arrived ||= outcome === "sent";
  }
  if (arrived) await prepare();
  return arrived;
}

const refuse = (entry, reason, detail) => store.put("outbox", { ...entry, state: "refused", reason, detail: detail ?? "" });

/** One form with its photographs. */
async function deliver(entry) {
  const sums = new Map();
  for (const id of store.photosIn(entry.form)) {
    const photo = await store.get("photos", id);
    if (!photo) {
      await refuse(entry, "photo_lost", id);
      return "refused";
    }
    if (!photo.sha256) {
      const answer = await ask("/field/documents", { method: "POST", headers: { "content-type": "image/jpeg" }, body: photo.bytes });
      if (answer.trouble) return stop(answer.trouble);
      if (answer.status !== 200) {
        await refuse(entry, "document", answer.body?.detail);
        return "refused";
      }
      photo.sha256 = answer.body.sha256;
      await store.put("photos", photo);
    }
    sums.set(id, photo.sha256);
  }
  const form = store.withFiles(entry.form, (id) => sums.get(id));
  const answer = await ask("/field/forms", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ forms: [form] }) });
  if (answer.trouble) return stop(answer.trouble);
  const result = answer.body.results?.[0];
  if (!result) {
    await refuse(entry, answer.status === 413 ? "too_long" : "unreadable", answer.body.detail);
    return "refused";
  }
  if (result.state === "taken" || result.state === "before") {
    await store.receipt(entry);
    return "sent";
  }
  // A fault of the gateway, or somebody who signed in meanwhile, says nothing of the form.
  if (result.reason === "failed") return stop("gateway");
  if (result.reason === "another_hand") return stop("signed_out");
  if (result.reason === "no_document" && !entry.again) {
    for (const id of sums.keys()) await store.put("photos", { ...(await store.get("photos", id)), sha256: null });
    await store.put("outbox", { ...entry, again: true });
    return stop("gateway");
  }
  await refuse(entry, result.reason, result.detail);
  return "refused";
}

function stop(trouble) {
  way.trouble = trouble;
  return "stop";
}

/** From now on: when there is a connection again, when somebody looks, and every half minute. */
export function keepSending(after) {
  const attempt = async () => {
    if (document.hidden) return;
    if (await send()) await after();
  };
  addEventListener("online", attempt);
  addEventListener("focus", attempt);
  document.addEventListener("visibilitychange", attempt);
  setInterval(attempt, PERIOD_MS);
  attempt();
}
