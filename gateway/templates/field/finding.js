// A finding: how bad it is, with what that means; what is wrong, in words; photographs.

import { fill, h, named, t } from "./dom.js";
import { proposed, SEVERITIES } from "./model.js";
import { photographs } from "./photo.js";

/** Buttons of which one is chosen, as radios: arrows move, a screen reader counts them. */
export function choice(name, legend, options, chosen, choose) {
  return h("fieldset.choice", {}, h("legend", {}, legend), options.map(({ value, word, means, disabled, shape }) =>
    h(`label${shape ? `.${shape}` : ""}`, {},
      h("input", { type: "radio", name, value, checked: chosen === value, disabled, onchange: () => choose(value) }),
      h("span", {}, h("b", {}, word), means && h("small", {}, means)))));
}

/** How bad it is: where the sheet has a scheme, a mark on each of its scales first, whose proposal is chosen until the inspector chooses. */
export function severity(scheme, holder, save) {
  const levels = h("div.levels", {});
  const offer = () => levels.replaceChildren(choice(`severity-${holder.uid}`, t.severity, SEVERITIES.map((value) => (
    { value, word: t[`severity_${value}`], means: t[`severity_${value}_means`], shape: value })), holder.severity,
  (value) => { holder.severity = value; save(); }));
  offer();
  if (!scheme) return levels;
  holder.marks ??= scheme.scales.map(() => 0);
  const told = h("p.proposed", { role: "status" });
  const tellProposal = () => {
    const proposal = proposed(scheme, holder.marks);
    told.textContent = proposal ? fill(t.severity_proposed, { word: t[`severity_${proposal}`] }) : "";
    return proposal;
  };
  tellProposal();
  return h("div.rated", {}, scheme.scales.map((scale, n) => h("label.words", {}, named(scale.name), h("select", {
    onchange: (event) => {
      holder.marks[n] = Number(event.target.value);
      const proposal = tellProposal();
      if (proposal) { holder.severity = proposal; offer(); }
      save();
    },
  }, h("option", { value: 0 }, ""), scale.marks.map((mark, k) => h("option", { value: k + 1, selected: holder.marks[n] === k + 1 }, `${k + 1} · ${named(mark)}`))))), told, levels);
}

/** Texts that are not on disk yet; at once when the phone is put away. */
const pending = new Map();
export const settleAll = () => { for (const save of pending.keys()) settle(save); };
document.addEventListener("visibilitychange", settleAll);
/** What is not on disk yet is given up: another window has the draft. */
export function forget() {
  for (const timer of pending.values()) clearTimeout(timer);
  pending.clear();
}
function settle(save) {
  clearTimeout(pending.get(save));
  pending.delete(save);
  return save();
}

/** What is wrong, in words; `save` is called a moment after the last letter. */
export function words(label, holder, field, save) {
  return h("label.words", {}, label, h("textarea", {
    rows: 3, maxlength: 4000, value: holder[field],
    oninput: (event) => {
      holder[field] = event.target.value;
      clearTimeout(pending.get(save));
      pending.set(save, setTimeout(settle, 250, save));
    },
    onchange: () => settle(save),
  }));
}

/** A finding of a draft. `items` are asked which one it is about, where that is open; `remove` takes it away. */
export function finding(found, { scheme, save, remove, items, changed, title }) {
  const about = items && h("label.words", {}, t.finding_about, h("select", {
    onchange: (event) => { found.item = event.target.value; save(); changed?.(); },
  }, h("option", { value: "" }, t.finding_else), items.map(({ code, word }) => h("option", { value: code }, word))));
  if (about) about.querySelector("select").value = found.item;
  return h("section.finding", { id: found.uid, "aria-label": title ?? t.finding },
    h("h3", {}, title ?? t.finding),
    about,
    severity(scheme, found, () => { save(); changed?.(); }),
    words(t.finding_text, found, "text", save),
    photographs(found.photos, save),
    remove && h("button.plain", { type: "button", onclick: remove }, t.finding_remove));
}

/** What is missing in a finding. */
export function lacks(found) {
  if (found.marks?.includes(0)) return t.lacks_mark;
  if (!found.severity) return t.lacks_severity;
  return found.text.trim() ? null : t.lacks_text;
}
