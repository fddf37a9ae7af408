// What the phone keeps: days of work, drafts, the outbox, photographs. In IndexedDB, on disk when a write returns, so that
// a reload, an ended session or an empty battery loses nothing. Nothing here is removed but by its own rule.

const STORES = { meta: "name", days: "person", drafts: "uid", outbox: "uid", photos: "id" };
const RECEIPT_DAYS = 7;

let opened;
function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("field", 1);
    request.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(STORES)) request.result.createObjectStore(name, { keyPath });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => {
      opened = undefined;
      reject(request.error);
    };
  });
  return opened;
}

/** One transaction; `work` is handed the stores and may return a request. */
async function within(names, mode, work) {
  const file = await database();
  return new Promise((resolve, reject) => {
    const transaction = file.transaction(names, mode, { durability: "strict" });
    const request = work(...names.map((name) => transaction.objectStore(name)));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

const other = "BroadcastChannel" in window ? new BroadcastChannel("field") : null;
const changed = new EventTarget();
if (other) other.onmessage = () => changed.dispatchEvent(new Event("change"));

/** Calls `work` when what is kept changed, here or in another tab. */
export const onChange = (work) => changed.addEventListener("change", work);
export function announce() {
  changed.dispatchEvent(new Event("change"));
  other?.postMessage("");
}

export const get = (store, key) => within([store], "readonly", (s) => s.get(key));
export const all = (store) => within([store], "readonly", (s) => s.getAll());
export const put = (store, value) => within([store], "readwrite", (s) => { s.put(value); });
export const remove = (store, key) => within([store], "readwrite", (s) => { s.delete(key); });

/** Who works with this phone: as they were told apart last. */
export const me = async () => (await get("meta", "person"))?.value ?? null;
export const setMe = (person, name) => put("meta", { name: "person", value: { person, name } });

/** Drafts that ended here: what is still on its way to the disk does not bring them back. */
const over = new Set();

/** Whether the last draft could not be kept: said on every screen until one can be. */
export const room = { full: false };

/** Keeps a draft as it stands; what was signed, here or in another window, is no draft any more. */
export async function keep(draft) {
  if (over.has(draft.uid)) return;
  let full = false;
  try {
    await within(["outbox", "drafts"], "readwrite", (outbox, drafts) => {
      outbox.count(draft.uid).onsuccess = ({ target }) => { if (!target.result) drafts.put(draft); };
    });
  } catch {
    full = true;
  }
  if (full === room.full) return;
  room.full = full;
  announce();
}

/** A draft becomes a form that waits to be sent: both or neither. */
export async function finish(entry) {
  over.add(entry.uid);
  try {
    await within(["drafts", "outbox"], "readwrite", (drafts, outbox) => {
      drafts.delete(entry.uid);
      outbox.put(entry);
    });
  } catch (error) {
    over.delete(entry.uid);
    throw error;
  }
  announce();
}

/** A draft goes with its photographs. */
export async function discard(draft) {
  const photos = photosOf(draft);
  over.add(draft.uid);
  await within(["drafts", "photos"], "readwrite", (drafts, kept) => {
    drafts.delete(draft.uid);
    for (const id of photos) kept.delete(id);
  });
  announce();
}

/** The gateway has it: a receipt stays, the photographs go. */
export async function receipt(entry) {
  const photos = photosIn(entry.form);
  const sent = { ...entry, state: "sent", sent_at: Date.now(), reason: null, detail: null };
  await within(["outbox", "photos"], "readwrite", (outbox, kept) => {
    outbox.put(sent);
    for (const id of photos) kept.delete(id);
  });
}

/** Takes receipts away whose time is over. */
export async function purge(now) {
  for (const entry of await all("outbox")) {
    if (entry.state === "sent" && now - entry.sent_at > RECEIPT_DAYS * 86_400_000) await remove("outbox", entry.uid);
  }
}

/** Photographs of a draft. */
export const photosOf = (draft) => [...(draft.photos ?? []), ...(draft.findings ?? []).flatMap((finding) => finding.photos)];

/** Photographs of a form: until they are sent they are named by the phone. */
export const photosIn = (form) => [...(form.files ?? []), ...(form.defects ?? []).flatMap((defect) => defect.files)];

/** The form, its photographs called by other names. */
export function withFiles(form, name) {
  const files = (form.files ?? []).map(name);
  if (!form.defects) return { ...form, files };
  return { ...form, files, defects: form.defects.map((defect) => ({ ...defect, files: defect.files.map(name) })) };
}
