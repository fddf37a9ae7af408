// The field page: what it shows by its address, what it says of the connection, the count of what is not sent. Everything is
// read from the phone; the network is asked for the day, and takes what is signed.

import { count, dayOf, h, state, t, tell } from "./dom.js";
import * as checklist from "./checklist.js";
import { forget, settleAll } from "./finding.js";
import * as hold from "./hold.js";
import * as list from "./list.js";
import * as outbox from "./outbox.js";
import { seen } from "./model.js";
import { identify, keepSending, prepare, send, way } from "./send.js";
import * as step from "./step.js";
import * as store from "./store.js";

const main = document.getElementById("content");
const badge = document.getElementById("unsent");
const banner = document.getElementById("banner");

const app = {
  person: null, day: null, drafts: [], outbox: [], filter: "", told: null,
  // The worker that answers for this page has it kept.
  kept: navigator.serviceWorker?.controller ? "ready" : null, others: 0, unsent: 0,
  /** Drafts that were shown: what is typed stands in these before it is on disk. */
  live: new Map(),
  reinspection: JSON.parse(document.getElementById("reinspection").textContent),
  today: () => dayOf(Date.now()),
  go: (to) => {
    if (location.hash.slice(1) === to) app.render(true);
    else location.hash = to;
  },
  /** Keeps a draft, and shows it. */
  open: async (draft) => {
    await store.keep(draft);
    app.go(`form/${draft.uid}`);
  },
  send: async (aloud) => {
    const arrived = await send();
    if (arrived) tell(t.arrived);
    else if (aloud && way.trouble) tell(t[`trouble_${way.trouble}`]);
    await fresh();
  },
  prepare: async () => {
    const trouble = await prepare();
    if (!trouble) await navigator.storage?.persist?.().catch(() => false);
    app.told = trouble ? { text: t[`trouble_${trouble}`], shown: true } : null;
    tell(app.told?.text ?? t.prepared);
    await fresh();
    app.send();
  },
  /** Whether the page comes up without a connection. */
  offlineReady: () => {
    const text = { ready: t.offline_ready, waiting: t.offline_waiting, never: t.offline_never }[app.kept ?? "waiting"];
    return h("p.kept", { id: "kept" }, app.kept === "never" ? state("attention", text) : text);
  },
  render,
};

/** Reads what the phone keeps. */
async function read() {
  app.person = await store.me();
  const mine = (one) => one.person === app.person?.person;
  const [drafts, entries] = await Promise.all([store.all("drafts"), store.all("outbox")]);
  app.drafts = drafts.filter(mine).sort((a, b) => b.started_at - a.started_at);
  app.outbox = entries;
  const day = app.person && (await store.get("days", app.person.person));
  app.day = day ? seen(day, entries) : null;
  app.others = entries.filter((entry) => !mine(entry) && ["waiting", "refused"].includes(entry.state)).length;
  app.unsent = entries.filter((entry) => mine(entry) && ["waiting", "refused"].includes(entry.state)).length;
}

/** The count and the troubles, which every screen shows. */
function frame() {
  const text = app.unsent ? count(app.unsent, t.unsent_one, t.unsent_many) : t.all_sent;
  if (badge.textContent !== text) badge.replaceChildren(state(app.unsent ? "attention" : "good", text));
  badge.dataset.count = app.unsent;
  const lines = [];
  if (way.trouble === "signed_out") {
    lines.push(h("p", {}, state("attention", app.unsent ? count(app.unsent, t.sign_in_one, t.sign_in_many) : t.sign_in_none), " ", h("a.button", { href: "/sign-in?next=/field" }, t.sign_in)));
  } else if (way.trouble === "offline" || !navigator.onLine) lines.push(h("p", {}, state("silent", t.trouble_offline)));
  else if (way.trouble) lines.push(h("p", {}, state("attention", t[`trouble_${way.trouble}`])));
  if (store.room.full) lines.push(h("p.wrong", { role: "alert" }, t.full));
  if (app.others) lines.push(h("p", {}, state("attention", count(app.others, t.others_one, t.others_many))));
  const said = lines.map((line) => line.textContent).join();
  if (banner.dataset.said === said) return;
  banner.dataset.said = said;
  banner.replaceChildren(...lines);
}

/** Shows what the address says. `moved` when somebody went there, and not what is shown changed. */
async function render(moved = false) {
  const [place, id] = location.hash.slice(1).split("/");
  let shown;
  if (place === "unit") shown = list.unitPage(app, id);
  else if (place === "outbox") shown = outbox.page(app);
  else if (place === "form") {
    const draft = await drafted(id);
    if (location.hash.slice(1) !== `form/${id}`) return;
    if (draft === undefined) return location.replace("#");
    if (draft === null) shown = elsewhere(id);
    else shown = draft.kind === "step" ? step.page(app, draft) : checklist.page(app, draft);
  } else shown = list.page(app);
  app.shown = shownNow();
  const away = !navigator.onLine;
  for (const link of document.querySelectorAll(".choices a")) link.hidden = away;
  const back = moved ? null : bearings();
  main.replaceChildren(...shown.flat(Infinity).filter(Boolean));
  back?.();
  if (moved) {
    scrollTo(0, 0);
    main.querySelector("h1")?.focus({ preventScroll: true });
  }
}

/** The draft that is to be filled in here; null when another window has it, undefined when there is none. */
async function drafted(id, steal = false) {
  const stands = () => app.drafts.find((one) => one.uid === id);
  if (!stands()) return undefined;
  const held = await hold.take(id, () => lost(id), steal);
  if (!held) return null;
  if (held === "taken") {
    // What the other window wrote last.
    app.live.delete(id);
    await read();
  }
  const draft = app.live.get(id) ?? stands();
  if (draft) app.live.set(id, draft);
  return draft;
}

/** Another window goes on with it: nothing of this one is written any more. */
function lost(id) {
  forget();
  app.live.delete(id);
  if (location.hash.slice(1) === `form/${id}`) render(true);
}

/** A form that another window is filling in. */
const elsewhere = (id) => [
  h("p.trail", {}, h("a", { href: "#" }, `← ${t.to_list}`)),
  h("h1", { tabindex: "-1" }, t.elsewhere),
  h("p", {}, t.elsewhere_says),
  h("div.acts", {}, h("button.do", { type: "button", onclick: async () => { await drafted(id, true); render(true); } }, t.elsewhere_take)),
];

/** Where the reader is, to be there again when what is shown was made anew: the focus, and what was opened. */
function bearings() {
  const said = (element) => element.getAttribute("aria-label") ?? element.textContent;
  const held = main.contains(document.activeElement) && document.activeElement !== main ? document.activeElement : null;
  const [tag, text] = [held?.localName, held && said(held)];
  const opened = [...main.querySelectorAll("details[open] > summary")].map(said);
  return () => {
    for (const summary of main.querySelectorAll("details > summary")) if (opened.includes(said(summary))) summary.parentElement.open = true;
    if (held) [...main.querySelectorAll(tag)].find((element) => said(element) === text)?.focus({ preventScroll: true });
  };
}

/** What is shown, in short: what is the same is not made anew. */
const shownNow = () => JSON.stringify([location.hash, app.person, app.day?.loaded_at, app.drafts.map((draft) => draft.uid),
  app.outbox.map((entry) => [entry.uid, entry.state, entry.again]), way, app.told?.text, navigator.onLine, app.today()]);

/** Reads again and shows it; a form that is being filled in is left alone, it shows itself. */
async function fresh() {
  await read();
  frame();
  const [place] = location.hash.slice(1).split("/");
  if (place === "form" || app.shown === shownNow() || main.contains(document.activeElement?.closest("input"))) return;
  await render();
}

async function moved() {
  const [place, id] = location.hash.slice(1).split("/");
  settleAll();
  hold.leave(place === "form" ? id : null);
  await read();
  frame();
  // What was said stays until the reader goes on.
  if (app.told?.shown) app.told = null;
  await render(true);
  if (app.told) app.told.shown = true;
}

/** Has the page kept for when there is no network. */
async function keep() {
  if (!("serviceWorker" in navigator) || !window.isSecureContext) {
    app.kept = "never";
    return;
  }
  const set = (kept) => {
    app.kept = kept;
    document.getElementById("kept")?.replaceWith(app.offlineReady());
  };
  navigator.serviceWorker.ready.then(() => set("ready"));
  try {
    await navigator.serviceWorker.register("/field/sw.js", { scope: "/field", updateViaCache: "none" });
  } catch {
    // Without a connection the one that is there goes on.
    if (!navigator.serviceWorker.controller) set("waiting");
  }
}

addEventListener("hashchange", moved);
for (const event of ["online", "offline"]) addEventListener(event, fresh);
store.onChange(fresh);
try {
  await store.purge(Date.now());
  await read();
} catch (error) {
  // Without its own storage the page can promise nothing.
  main.replaceChildren(h("h1", {}, t.title), h("p.wrong", { role: "alert" }, t.no_storage));
  throw error;
}
frame();
await render();
keep();
await identify();
await fresh();
keepSending(fresh);
