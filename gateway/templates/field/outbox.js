// What was signed and where it is: waiting, on its way, arrived, refused with the reason and what to do. What was refused
// stays until somebody puts it aside, and is still there then, to be taken out as a file.

import { count, fill, h, named, state, t, when } from "./dom.js";
import { way } from "./send.js";
import * as store from "./store.js";

const SHAPE = { waiting: "open", sending: "open", sent: "good", refused: "barred", aside: "silent" };

/** The word for a form's state. */
const stands = (entry) => {
  const at = way.sending === entry.uid ? "sending" : entry.state;
  const more = at === "sent" ? ` ${when(entry.sent_at)}` : "";
  return state(SHAPE[at], t[`state_${at}`] + more, at === "refused" ? ".red" : "");
};

/** The outbox. */
export function page(app) {
  const mine = app.outbox.filter((entry) => entry.person === app.person?.person).sort((a, b) => b.order - a.order);
  const part = (states) => mine.filter((entry) => states.includes(entry.state));
  const [open, sent, aside] = [part(["waiting", "refused"]), part(["sent"]), part(["aside"])];
  const group = (title, list, id) => list.length > 0 && h("section", { "aria-labelledby": id }, h("h2", { id }, title), h("ul.rows", {}, list.map((entry) => row(app, entry))));
  return [
    h("p.trail", {}, h("a", { href: "#" }, `← ${t.to_list}`)),
    h("h1", { tabindex: "-1" }, t.outbox),
    h("p", {}, open.length ? count(open.length, t.unsent_one, t.unsent_many) : t.all_sent),
    open.some((entry) => entry.state === "waiting") && h("div.acts", {}, h("button.do", { type: "button", onclick: () => app.send(true) }, t.send_now)),
    group(t.unsent, open, "open"),
    group(t.receipts, sent, "sent"),
    group(t.put_aside, aside, "aside"),
    h("p", {}, t.receipts_kept),
  ];
}

function row(app, entry) {
  const why = entry.state === "refused" || entry.state === "aside";
  const reason = why && entry.reason && (t[`reason_${entry.reason}`] ?? fill(t.reason_other, { code: entry.reason }));
  const waits = entry.state === "waiting" && way.trouble && way.sending !== entry.uid && t[`trouble_${way.trouble}`];
  return h("li.form", { id: entry.uid },
    h("b", {}, named(entry.title)), h("span", {}, `${t.signed_at} ${when(entry.queued_at)}`), stands(entry),
    reason && h("span", {}, reason), reason && entry.detail && h("small", { lang: "en" }, entry.detail),
    waits && h("span", {}, waits),
    why && h("div.acts", {},
      entry.state === "refused" && h("button", { type: "button", onclick: () => move(app, entry, { state: "waiting", again: false }) }, t.try_again),
      entry.state === "refused" && h("button", { type: "button", onclick: () => confirm(t.aside_ask) && move(app, entry, { state: "aside" }) }, t.aside_do),
      h("button", { type: "button", onclick: () => save(entry) }, t.export_do)));
}

async function move(app, entry, to) {
  await store.put("outbox", { ...entry, ...to });
  store.announce();
  if (to.state === "waiting") app.send(true);
}

const base64 = (bytes) => new Promise((resolve) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
  reader.readAsDataURL(new Blob([bytes]));
});

/** The form as a file, with its photographs in it. */
async function save(entry) {
  const photos = await Promise.all(store.photosIn(entry.form).map(async (id) => {
    const photo = await store.get("photos", id);
    return { id, sha256: photo?.sha256 ?? null, jpeg_base64: photo ? await base64(photo.bytes) : null };
  }));
  const { form, person, name, title, queued_at, state: at, reason, detail } = entry;
  const text = JSON.stringify({ form, photos, person, name, title, queued_at, state: at, reason, detail }, null, 1);
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  h("a", { href: address, download: `${entry.uid}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
