// The day's work: what must be barred first, then site by site, the most overdue first; and a unit with all that can be
// done about it.

import { count, day, fill, h, named, state, t, when } from "./dom.js";
import * as checklist from "./checklist.js";
import * as step from "./step.js";
import { REINSPECTION, bySite, isRound, ordered, rank } from "./model.js";

const SHOWN_MAX = 300;

/** How a duty stands: shape and word. */
function standing(duty) {
  if (duty.done) return state("settled", t.done_here);
  if (duty.standing === "overdue") return state("barred", count(duty.days ?? 1, t.overdue_one, t.overdue_many));
  if (duty.standing === "due") return state("attention", t.due_today);
  return state(duty.standing === "open" ? "open" : "silent", `${t.due_on} ${day(duty.due)}`);
}

const STATUS = { open: "good", restricted: "attention", ordered: "barred", locked_out: "barred", dismantled: "silent" };
const status = (asset) => state(STATUS[asset.status] ?? "silent", t[`status_${asset.status}`] ?? asset.status, asset.status === "ordered" ? ".red" : "");

/** Why somebody may not make an inspection; null when they may. */
function barrier(app, type) {
  if (!app.day.inspects) return t.may_not_role;
  return type && !type.may ? t.may_not_dependent : null;
}

const typeOf = (unit, code) => unit.types.find((type) => type.code === code);

/** Goes on with a draft of the same, or begins one. */
async function inspect(app, unit, asset, of_type, name) {
  const before = app.drafts.find((draft) => draft.kind === "inspection" && draft.asset === asset && draft.of_type === of_type);
  const type = typeOf(unit, of_type);
  await app.open(before ?? checklist.begin(app.person.person, unit, asset, of_type, name, Boolean(type && isRound(unit, type))));
}

async function act(app, unit, asset, deed, order) {
  const before = app.drafts.find((draft) => draft.deed === deed && draft.asset === asset && draft.order === (order ?? null) && deed !== "found");
  await app.open(before ?? step.begin(app.person.person, unit, asset, deed, order));
}

/** The first screen. */
export function page(app) {
  const filter = h("input", { type: "search", value: app.filter, "aria-label": t.filter, placeholder: t.filter, autocomplete: "off", oninput: () => { app.filter = filter.value; show(); } });
  const list = h("div", {});
  const show = () => list.replaceChildren(...sites(app));
  if (app.day) show();
  return [
    h("h1", { tabindex: "-1" }, t.title),
    app.told && h("p.told", {}, app.told.text),
    app.day && urgent(app),
    loaded(app),
    begun(app),
    app.day && h("p.find", {}, filter),
    list,
  ];
}

/** When the day was loaded, and the button that loads it. */
function loaded(app) {
  const stale = app.day && app.day.today !== app.today();
  const told = h("p", { role: "status", id: "loaded" });
  if (!app.day) told.append(t.not_loaded);
  else if (stale) told.append(state("attention", fill(t.loaded_old, { when: when(app.day.loaded_at) })));
  else told.append(`${fill(t.loaded, { when: when(app.day.loaded_at) })} · ${count(app.day.units.length, t.unit_one, t.unit_many)}`);
  const button = h(app.day && !stale ? "button" : "button.do", {
    type: "button",
    onclick: async () => {
      button.disabled = true;
      told.textContent = t.loading;
      await app.prepare();
    },
  }, app.day ? t.prepare_again : t.prepare);
  return h("section.prepare", {}, told, h("div.acts", {}, button), app.offlineReady());
}

/** What nobody has barred yet. */
function urgent(app) {
  const all = ordered(app.day);
  if (!all.length) return null;
  return h("section.urgent", { "aria-labelledby": "urgent" }, h("h2", { id: "urgent" }, t.bar_now), h("ul.rows", {}, all.map(({ unit, asset }) =>
    h("li", {}, h("button.alarm", { type: "button", disabled: !app.day.repairs, onclick: () => act(app, unit, asset.id, "barred") },
      state("barred", t.status_ordered), h("b", {}, `${t.deed_barred}: ${named(asset.name)}`), h("span", {}, siteName(app, unit)))))));
}

const siteName = (app, unit) => named(app.day.sites.find((site) => site.code === unit.site)?.name) || unit.site || t.no_site;

/** Drafts. */
function begun(app) {
  if (!app.drafts.length) return null;
  return h("section", { "aria-labelledby": "begun" }, h("h2", { id: "begun" }, t.drafts), h("ul.rows", {}, app.drafts.map((draft) => {
    const asset = draft.unit.assets.find((one) => one.id === draft.asset);
    return h("li", {}, h("a.entry", { href: `#form/${draft.uid}` },
      h("b", {}, `${draft.kind === "step" ? t[`deed_${draft.deed}`] : named(draft.name)}: ${named(asset?.name)}`),
      h("span", {}, `${t.begun} ${when(draft.started_at)}`)));
  })));
}

function sites(app) {
  const groups = bySite(app.day, app.filter);
  if (!app.day.units.length) return [h("p.empty", {}, t.no_units)];
  if (!groups.length) return [h("p.empty", { role: "status" }, t.nothing_found)];
  const searching = app.filter.trim() !== "";
  const pressing = (unit) => searching || rank(unit) > 0 || unit.assets.some((asset) => asset.status !== "open" || asset.defects.length);
  let room = SHOWN_MAX;
  const section = (group, units) => h("section.site", {}, h("h2", {}, named(group.site?.name) || t.no_site), h("ul.rows", {}, units.slice(0, Math.max(0, room)).map((unit) => {
    room -= 1;
    return row(app, unit);
  })));
  const now = groups.map((group) => [group, group.units.filter(pressing)]).filter(([, units]) => units.length);
  const rest = groups.map((group) => [group, group.units.filter((unit) => !pressing(unit))]).filter(([, units]) => units.length);
  const shown = now.map(([group, units]) => (room > 0 ? section(group, units) : null)).filter(Boolean);
  const calm = rest.reduce((sum, [, units]) => sum + units.length, 0);
  const details = calm > 0 && h("details.more", {}, h("summary", {}, fill(t.rest, { n: calm })));
  if (details) details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    room = SHOWN_MAX;
    details.append(...rest.map(([group, units]) => (room > 0 ? section(group, units) : null)).filter(Boolean));
    if (room <= 0) details.append(h("p", {}, t.filter_more));
  });
  return [
    !now.length && h("p.empty", {}, t.nothing_due),
    ...shown,
    room <= 0 && h("p", {}, t.filter_more),
    details,
  ].filter(Boolean);
}

/** What a duty is about: the unit, or a part of it. */
const of = (unit, duty) => unit.assets.find((asset) => asset.id === duty.asset) ?? unit.assets[0];

/** A duty's name, with the part's where it is about one. */
const titled = (unit, duty) => (duty.asset === unit.id ? named(duty.name) : `${named(duty.name)}: ${named(of(unit, duty).name)}`);

/** A unit in the list: what is pressing about it, and the next inspection a tap away. */
function row(app, unit) {
  const top = unit.assets[0];
  const duties = unit.duties.filter((duty) => !duty.done && duty.standing !== "later");
  // A round is a matter of a minute, and comes first.
  const may = duties.filter((duty) => !barrier(app, typeOf(unit, duty.of_type)));
  const round = may.find((duty) => typeOf(unit, duty.of_type)?.round);
  const next = round ?? may[0];
  const bad = unit.assets.filter((asset) => asset.status !== "open");
  const orders = unit.assets.reduce((sum, asset) => sum + asset.orders.length, 0);
  const open = unit.assets.reduce((sum, asset) => sum + asset.defects.length, 0);
  return h("li.visit", {},
    h("a.entry", { href: `#unit/${unit.id}` }, h("b", {}, named(top.name)),
      duties.slice(0, 3).map((duty) => h("span", {}, `${titled(unit, duty)}: `, standing(duty))),
      unit.duties.some((duty) => duty.done) && h("span", {}, state("settled", t.done_here)),
      bad.length > 0 && h("span", {}, status(bad.find((asset) => asset.status === "ordered") ?? bad[0])),
      orders > 0 && h("span", {}, count(orders, t.order_one, t.order_many)),
      open > 0 && h("span", {}, count(open, t.defect_one, t.defect_many))),
    next && h("button", { type: "button", "aria-label": `${named(next.name)}: ${named(of(unit, next).name)}`, onclick: () => inspect(app, unit, next.asset, next.of_type, next.name) }, round ? t.round : t.inspect));
}

/** A unit. */
export function unitPage(app, id) {
  const unit = app.day?.units.find((one) => one.id === id);
  if (!unit) return [h("h1", { tabindex: "-1" }, t.no_unit), h("p", {}, h("a", { href: "#" }, t.to_list))];
  const top = unit.assets[0];
  const due = new Set(unit.duties.map((duty) => duty.of_type));
  const offer = (asset, code, name, title, line) => {
    const why = barrier(app, typeOf(unit, code));
    return h("li.visit", {}, h("span.entry", {}, h("b", {}, title), line, why && h("span", {}, why)),
      h("button", { type: "button", disabled: Boolean(why), "aria-label": `${t.inspect}: ${title}`, onclick: () => inspect(app, unit, asset, code, name) }, t.inspect));
  };
  const others = unit.types.filter((type) => !due.has(type.code));
  return [
    h("p.trail", {}, h("a", { href: "#" }, `← ${t.to_list}`)),
    h("h1", { tabindex: "-1" }, named(top.name)),
    h("p", {}, `${siteName(app, unit)} · ${unit.id}`),
    h("h2", {}, t.duties),
    unit.duties.length
      ? h("ul.rows", {}, unit.duties.map((duty) => offer(duty.asset, duty.of_type, duty.name, titled(unit, duty), [h("span", {}, standing(duty)), duty.reason && h("span", {}, named(duty.reason))])))
      : h("p", {}, t.no_duties),
    others.length > 0 && h("details.more", {}, h("summary", {}, t.other_types), h("ul.rows", {}, others.map((type) => offer(unit.id, type.code, type.name, named(type.name), null)))),
    h("h2", {}, t.equipment),
    !app.day.repairs && h("p", {}, t.may_not_act),
    unit.assets.map((asset) => one(app, unit, asset)),
  ];
}

/** An asset of a unit: how it stands, and what can be done about it. */
function one(app, unit, asset) {
  const repairs = app.day.repairs;
  return h("section.asset", { "aria-label": named(asset.name) },
    h("h3", {}, named(asset.name)),
    h("p", {}, status(asset), asset.kind.name && ` · ${named(asset.kind.name)}`),
    asset.status === "ordered" && repairs && h("button.alarm", { type: "button", onclick: () => act(app, unit, asset.id, "barred") }, state("barred", t.status_ordered), h("b", {}, t.deed_barred)),
    asset.defects.length > 0 && h("ul", {}, asset.defects.map((defect) => h("li", {}, h("b", {}, t[`severity_${defect.severity}`]), `: ${defect.text} (${when(defect.found_at)})`, defect.here && `, ${t.here_only}`))),
    asset.orders.length > 0 && h("ul.rows", {}, asset.orders.map((order) => h("li.visit", {},
      h("span.entry", {}, h("b", {}, `${t.order}${order.text ? `: ${order.text}` : ""}`), order.due && h("span", {}, `${t.due_on} ${day(order.due)}`)),
      repairs && h("button", { type: "button", onclick: () => act(app, unit, asset.id, "work_done", order.uid) }, t.deed_work_done)))),
    repairs && h("div.acts", {},
      h("button", { type: "button", "aria-label": `${t.deed_found}: ${named(asset.name)}`, onclick: () => act(app, unit, asset.id, "found") }, t.deed_found),
      app.day.inspects && h("button", { type: "button", "aria-label": `${t.reinspection}: ${named(asset.name)}`, onclick: () => inspect(app, unit, asset.id, REINSPECTION, app.reinspection) }, t.reinspection)));
}
