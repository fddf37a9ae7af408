// An inspection being filled in: the round as a row for each asset, or every item with its answer. Each tap is on disk
// before the next; nothing is asked of the network.

import { count, fill, h, named, number, state, t, when } from "./dom.js";
import { choice, finding, lacks, words } from "./finding.js";
import { REINSPECTION, assetsOf, beyond, isAnswered, itemsOf, key, newUid, progress, submission } from "./model.js";
import { photographs } from "./photo.js";
import { discarding, signature } from "./sign.js";
import * as store from "./store.js";

/** A new inspection; what is asked is kept with it, so that a new edition of the checklist does not change it midway. */
export function begin(person, unit, asset, of_type, name, round) {
  return {
    uid: newUid("insp"), person, kind: "inspection", unit, asset, of_type, name, round, started_at: Date.now(),
    answers: {}, findings: [], found_well: [], note: "", photos: [], metres: null, seen: false,
  };
}

/** The page of an inspection. */
export function page(app, draft) {
  const save = () => store.keep(draft);
  const at = new Map();
  const context = { app, draft, save, at, update: () => {} };
  const assets = assetsOf(draft);
  const top = draft.unit.assets.find((asset) => asset.id === draft.asset) ?? draft.unit.assets[0];
  const body = draft.round ? assets.map((asset) => round(context, asset)) : assets.map((asset) => full(context, asset));
  const far = h("p.progress", { role: "status" });
  const bar = h("progress", { max: 1, value: 0, "aria-label": t.progress });
  context.update = () => {
    if (draft.round) return;
    const { done, all } = progress(draft);
    far.textContent = fill(t.progress_n, { n: done, m: all });
    bar.max = all || 1;
    bar.value = done;
  };
  context.update();
  const missing = () => [
    ...(draft.round ? [] : assets.flatMap((asset) => itemsOf(draft, asset)
      .filter((item) => !isAnswered(draft, asset, item))
      .map((item) => ({ text: `${named(asset.name)}: ${named(item.name)}`, at: at.get(key(asset.id, item.code)) })))),
    ...draft.findings.filter(lacks).map((found) => (
      { text: `${named(assets.find((asset) => asset.id === found.asset)?.name)}: ${lacks(found)}`, at: document.getElementById(found.uid) })),
  ];
  const clean = draft.round;
  return [
    h("p.trail", {}, h("a", { href: `#unit/${draft.unit.id}` }, `← ${named(draft.unit.assets[0].name)}`)),
    h("h1", { tabindex: "-1" }, named(draft.name)),
    h("p", {}, `${named(top.name)} · ${t.begun} ${when(draft.started_at)} · ${t.kept_here}`),
    draft.round
      ? h("p", {}, t.round_how, " ", h("button.plain", { type: "button", onclick: async () => { draft.round = false; await save(); app.render(); } }, t.item_by_item))
      : h("div.far", {}, far, bar),
    draft.of_type === REINSPECTION && again(context, top),
    body,
    h("details.more", {}, h("summary", {}, t.note_and_photos), words(t.note, draft, "note", save), photographs(draft.photos, save)),
    signature(app, draft, {
      save, missing, title: { el: `${draft.name.el}: ${top.name.el}`, en: `${draft.name.en}: ${top.name.en}` },
      build: (person, now) => submission(draft, person, now),
      button: clean && !draft.findings.length ? t.sign_all_well : t.sign_finish,
    }),
    discarding(app, draft),
  ];
}

/** Open defects that are looked at again. */
function again({ draft, save }, asset) {
  const open = asset.defects.filter((defect) => !defect.here);
  if (!open.length) return null;
  return h("fieldset.again", {}, h("legend", {}, t.again), open.map((defect) => {
    const tick = h("input", {
      type: "checkbox", checked: draft.found_well.includes(defect.uid),
      onchange: () => {
        draft.found_well = draft.found_well.filter((uid) => uid !== defect.uid);
        if (tick.checked) draft.found_well.push(defect.uid);
        save();
      },
    });
    return h("label.tick", {}, tick, h("span", {}, `${defect.text} (${t[`severity_${defect.severity}`]})`, h("small", {}, t.found_well)));
  }));
}

/** A new finding on an asset, on disk before it is shown. */
async function found({ draft, save }, asset, item) {
  const fresh = { uid: newUid("defect"), asset: asset.id, item, severity: null, text: "", photos: [] };
  draft.findings.push(fresh);
  await save();
  return fresh;
}

async function drop({ draft, save }, found) {
  draft.findings = draft.findings.filter((one) => one !== found);
  await save();
  for (const id of found.photos) await store.remove("photos", id);
}

/** An asset in a round: in order, or what was found. */
function round(context, asset) {
  const { app, draft, save } = context;
  const items = itemsOf(draft, asset).map((item) => ({ code: item.code, word: named(item.name) }));
  const mine = () => draft.findings.filter((one) => one.asset === asset.id);
  const holder = h("div", {});
  const word = h("span.stands", {});
  const stands = () => word.replaceChildren(mine().length
    ? state("attention", count(mine().length, t.finding_one, t.finding_many)) : state("good", t.in_order));
  const show = (one) => {
    const element = finding(one, {
      scheme: draft.unit.scheme, save, items, changed: stands,
      remove: async () => { await drop(context, one); element.remove(); stands(); app.render(); },
    });
    holder.append(element);
    return element;
  };
  mine().forEach(show);
  stands();
  return h("section.asset", { "aria-label": named(asset.name) },
    h("div.row", {},
      h("span", {}, h("b", {}, named(asset.name)), word),
      h("button", {
        type: "button", "aria-label": `${t.finding}: ${named(asset.name)}`,
        onclick: async () => {
          const element = show(await found(context, asset, ""));
          stands();
          document.querySelector(".sign button.do").textContent = t.sign_finish;
          element.querySelector("select, input").focus();
        },
      }, t.finding)), holder);
}

/** An asset of a checklist: its items, and what else was found. */
function full(context, asset) {
  const { draft, save } = context;
  const items = itemsOf(draft, asset);
  const rows = items.map((one) => item(context, asset, one));
  const far = h("span", {});
  const told = () => {
    far.textContent = fill(t.progress_n, { n: items.filter((one) => isAnswered(draft, asset, one)).length, m: items.length });
    context.update();
  };
  rows.forEach((row) => { row.told = told; });
  told();
  const others = h("div", {});
  const show = (one) => {
    const element = finding(one, { scheme: draft.unit.scheme, save, title: t.finding_else, remove: async () => { await drop(context, one); element.remove(); } });
    others.append(element);
    return element;
  };
  draft.findings.filter((one) => one.asset === asset.id && one.item === "").forEach(show);
  return h("section.asset", {}, h("h2", {}, named(asset.name), " ", far),
    asset.kind.name && h("p", {}, named(asset.kind.name)),
    rows.map((row) => row.element),
    others,
    h("div.acts", {},
      items.some((one) => !one.unit) && h("button", {
        type: "button",
        onclick: async () => {
          for (const row of rows) row.allWell();
          await save();
          told();
        },
      }, t.rest_in_order),
      h("button", { type: "button", onclick: async () => show(await found(context, asset, "")).querySelector("input").focus() }, t.finding_else)));
}

/** One item: in order, not in order, not there; with a number where it is measured. */
function item(context, asset, one) {
  const { draft, save, at } = context;
  const id = key(asset.id, one.code);
  const answer = () => (draft.answers[id] ??= { result: null });
  const holder = h("div", {});
  const row = { told: () => {} };
  // What was written stays at hand while somebody makes up their mind.
  let kept = draft.findings.find((two) => two.asset === asset.id && two.item === one.code) ?? null;
  const far = () => typeof answer().value === "number" && beyond(one, answer().value);

  const show = async () => {
    const wanted = answer().result === "defect";
    if (wanted) {
      kept ??= { uid: newUid("defect"), asset: asset.id, item: one.code, severity: null, text: "", photos: [] };
      if (!draft.findings.includes(kept)) draft.findings.push(kept);
      if (!holder.firstChild) holder.append(finding(kept, { scheme: draft.unit.scheme, save, title: `${t.finding}: ${named(one.name)}` }));
    } else {
      draft.findings = draft.findings.filter((two) => two !== kept);
      holder.replaceChildren();
    }
  };
  const set = async (result) => {
    answer().result = result;
    radios.forEach((radio) => { radio.checked = radio.value === result; });
    await show();
    await save();
    row.told();
  };
  const answers = [
    { value: "ok", word: t.answer_ok }, { value: "defect", word: t.answer_defect }, { value: "not_applicable", word: t.answer_none },
  ];
  const asked = choice(`item-${id}`, named(one.name), answers, answer().result, set);
  const radios = [...asked.querySelectorAll("input")];
  const limits = [one.min !== null && `≥ ${number(one.min)}`, one.max !== null && `≤ ${number(one.max)}`].filter(Boolean).join(", ");
  const warning = h("p.beyond", { role: "status" });
  const hold = () => {
    radios[0].disabled = far();
    warning.replaceChildren(...(far() ? [state("attention", t.beyond)] : []));
  };
  const field = one.unit && h("label.measure", {}, h("span", {}, `${t.value}${limits ? ` (${limits} ${one.unit})` : ""}`),
    h("span.pair", {}, h("input", {
      type: "text", inputmode: one.min !== null && one.min < 0 ? "text" : "decimal", autocomplete: "off",
      value: typeof answer().value === "number" ? number(answer().value) : "",
      oninput: (event) => {
        const text = event.target.value.trim().replace("−", "-").replace(",", ".");
        const value = text === "" ? NaN : Number(text);
        event.target.setAttribute("aria-invalid", String(text !== "" && !Number.isFinite(value)));
        if (Number.isFinite(value)) answer().value = value;
        else delete answer().value;
        hold();
        const given = answer().result;
        if (far() && given !== "defect") set("defect");
        else if (Number.isFinite(value) && !far() && !given) set("ok");
        else save().then(() => row.told());
      },
    }), ` ${one.unit}`));
  asked.id = `at-${id}`;
  at.set(id, asked);
  hold();
  show();
  row.allWell = () => {
    if (one.unit || answer().result) return;
    answer().result = "ok";
    radios[0].checked = true;
  };
  row.element = h("div.item", {}, asked, field, warning, holder);
  return row;
}
