// The day's work as a phone understands it, pure: what needs doing first, what an inspection asks, the forms that are sent,
// and how the day looks with what was done here and has not arrived yet.

import { folded, lang, named } from "./dom.js";

export const REINSPECTION = "reinspection";
const SEVERITIES = ["recommended", "important", "urgent"];
const key = (asset, item) => `${asset}/${item}`;
export { key, SEVERITIES };

/** The severity that a scheme proposes for marks counted from 1; null until all are given. */
export function proposed(scheme, marks) {
  if (marks.includes(0)) return null;
  const product = marks.reduce((all, mark) => all * mark, 1);
  if (product >= scheme.urgent_from) return "urgent";
  return product >= scheme.important_from ? "important" : "recommended";
}

/** How a finding was rated, as it is sent. */
const rating = (unit, marks) => (unit.scheme && marks?.length ? { rating: { scheme: unit.scheme.code, marks } } : {});

/** A name that nobody else makes. */
export function newUid(kind) {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `${kind}-${Date.now().toString(36)}-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * The day with what was done on this phone since it was loaded, sent or not: what is refused or put aside did not happen.
 * `day` is a reading of its own, and is written into: a copy of a whole city would be felt.
 */
export function seen(day, outbox) {
  const done = outbox.filter((entry) => entry.person === day.person
    && (entry.state === "waiting" || (entry.state === "sent" && entry.sent_at > day.loaded_at)));
  const assets = new Map(day.units.flatMap((unit) => unit.assets.map((asset) => [asset.id, { unit, asset }])));
  for (const { form } of done.sort((a, b) => a.order - b.order)) {
    const at = assets.get(form.asset);
    if (!at) continue;
    if (form.form === "inspection") {
      for (const duty of at.unit.duties) if (duty.of_type === form.of_type && duty.asset === form.asset) duty.done = true;
      for (const defect of form.defects) add(assets.get(defect.asset)?.asset, defect.uid, defect, form.ended_at);
    } else if (form.deed.kind === "found") add(at.asset, form.uid, form.deed, form.at);
    else if (form.deed.kind === "barred") at.asset.status = "locked_out";
    else if (form.deed.kind === "work_done") at.asset.orders = at.asset.orders.filter((order) => order.uid !== form.deed.order);
  }
  return day;
}

function add(asset, uid, { severity, text }, found_at) {
  if (!asset) return;
  asset.defects.push({ uid, severity, text, found_at, here: true });
  if (severity === "urgent" && asset.status !== "locked_out") asset.status = "ordered";
}

/** The worst that stands out about a unit: days overdue first, then due today, then what may be made, then nothing. */
export function rank(unit) {
  const duties = unit.duties.filter((duty) => !duty.done);
  const overdue = Math.max(0, ...duties.map((duty) => (duty.standing === "overdue" ? duty.days ?? 1 : 0)));
  if (overdue > 0) return 1000 + overdue;
  if (duties.some((duty) => duty.standing === "due")) return 100;
  if (unit.assets.some((asset) => asset.orders.length)) return 50;
  return duties.some((duty) => duty.standing === "open") ? 10 : 0;
}

/** What must be barred now: ordered, and nobody has. */
export const ordered = (day) => day.units.flatMap((unit) => unit.assets
  .filter((asset) => asset.status === "ordered").map((asset) => ({ unit, asset })));

/** What a unit is found by, made once: a city has thousands of assets, and each letter asks all. */
const index = new WeakMap();
function foundBy(unit, site) {
  if (!index.has(unit)) {
    const names = unit.assets.flatMap((asset) => [asset.id, asset.name.el, asset.name.en]);
    index.set(unit, folded([unit.id, site?.name.el, site?.name.en, ...names].join(" ")));
  }
  return index.get(unit);
}
const { compare } = new Intl.Collator(lang, { numeric: true });

/** Units by site, the most urgent site and unit first; those that hold every word of `text`. */
export function bySite(day, text) {
  const sites = new Map(day.sites.map((site) => [site.code, site]));
  const words = folded(text).split(/\s+/).filter(Boolean);
  const groups = new Map();
  for (const unit of day.units) {
    const site = sites.get(unit.site);
    if (!words.every((word) => foundBy(unit, site).includes(word))) continue;
    const group = groups.get(unit.site) ?? { site, units: [] };
    group.units.push(unit);
    groups.set(unit.site, group);
  }
  const of = (unit) => named(unit.assets[0].name);
  for (const group of groups.values()) {
    group.units.sort((a, b) => rank(b) - rank(a) || compare(of(a), of(b)));
    group.rank = rank(group.units[0]);
  }
  return [...groups.values()].sort((a, b) => b.rank - a.rank || compare(named(a.site?.name), named(b.site?.name)));
}

/** Assets that a draft is about. */
export const assetsOf = (draft) => (draft.of_type === REINSPECTION
  ? draft.unit.assets.filter((asset) => asset.id === draft.asset) : draft.unit.assets);

/** Items that a draft asks of an asset. */
export const itemsOf = (draft, asset) => (draft.of_type === REINSPECTION
  ? asset.items : asset.items.filter((item) => item.types.includes(draft.of_type)));

/** Whether a number is beyond an item's limits. */
export const beyond = (item, value) => (item.min !== null && value < item.min) || (item.max !== null && value > item.max);

/** Whether an item has its answer. */
export function isAnswered(draft, asset, item) {
  const answer = draft.answers[key(asset.id, item.code)];
  if (!answer?.result) return false;
  return !(answer.result === "ok" && item.unit && typeof answer.value !== "number");
}

/** How far a checklist is: `done` of `all`, and the first that has no answer. */
export function progress(draft) {
  const asked = assetsOf(draft).flatMap((asset) => itemsOf(draft, asset).map((item) => ({ asset, item })));
  const open = asked.filter(({ asset, item }) => !isAnswered(draft, asset, item));
  return { all: asked.length, done: asked.length - open.length, next: open[0] };
}

/** Whether everything can be said to be in order at once: nothing is to be measured, and it is a round. */
export const isRound = (unit, of_type) => Boolean(of_type.round)
  && unit.assets.every((asset) => asset.items.every((item) => !item.unit || !item.types.includes(of_type.code)));

/** An inspection as it is sent; photographs are still named by the phone. */
export function submission(draft, person, now) {
  const answers = [];
  for (const asset of draft.round ? [] : assetsOf(draft)) {
    for (const item of itemsOf(draft, asset)) {
      const answer = draft.answers[key(asset.id, item.code)];
      const value = typeof answer?.value === "number" && answer.result !== "not_applicable" ? { value: answer.value } : {};
      if (answer?.result) answers.push({ asset: asset.id, item: item.code, result: answer.result, ...value });
    }
  }
  return {
    form: "inspection", uid: draft.uid, by: person, asset: draft.asset, of_type: draft.of_type, version: draft.unit.version,
    started_at: draft.started_at, ended_at: Math.max(now, draft.started_at), answers, all_else_in_order: Boolean(draft.round),
    defects: draft.findings.map(({ uid, asset, item, severity, marks, text, photos }) => (
      { uid, asset, item, severity, ...rating(draft.unit, marks), text: text.trim(), files: photos })),
    found_well: draft.found_well, note: draft.note.trim(), files: draft.photos,
    ...(typeof draft.metres === "number" ? { metres: draft.metres } : {}),
  };
}

/** A step as it is sent. */
export function step(draft, person, now) {
  const text = draft.text.trim();
  const deed = {
    found: () => ({ kind: "found", severity: draft.severity, ...rating(draft.unit, draft.marks), text }),
    barred: () => ({ kind: "barred" }),
    work_done: () => ({ kind: "work_done", order: draft.order }),
  }[draft.deed]();
  return { form: "step", uid: draft.uid, by: person, asset: draft.asset, at: now, deed, files: draft.photos, text: draft.deed === "found" ? "" : text };
}

/** Metres between two places on Earth. */
export function metres(a, b) {
  const rad = Math.PI / 180;
  const [lat, lon] = [(b.lat - a.lat) * rad, (b.lon - a.lon) * rad];
  const part = Math.sin(lat / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(lon / 2) ** 2;
  return Math.round(12_742_000 * Math.asin(Math.sqrt(part)));
}
