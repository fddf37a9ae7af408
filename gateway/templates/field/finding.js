// A finding: how bad it is, with what that means; what is wrong, in words; photographs.

import { h, t } from "./dom.js";
import { SEVERITIES } from "./model.js";
import { photographs } from "./photo.js";

/** Buttons of which one is chosen, as radios: arrows move, a screen reader counts them. */
export function choice(name, legend, options, chosen, choose) {
  return h("fieldset.choice", {}, h("legend", {}, legend), options.map(({ value, word, means, disabled, shape }) =>
    h(`label${shape ? `.${shape}` : ""}`, {},
      h("input", { type: "radio", name, value, checked: chosen === value, disabled, onchange: () => choose(value) }),
      h("span", {}, h("b", {}, word), means && h("small", {}, means)))));
}

/** How bad it is. */
export const severity = (uid, chosen, choose) => choice(`severity-${uid}`, t.severity, SEVERITIES.map((value) => (
  { value, word: t[`severity_${value}`], means: t[`severity_${value}_means`], shape: value })), chosen, choose);

/** Texts that are not on disk yet; at once when the phone is put away. */
const pending = new Map();
document.addEventListener("visibilitychange", () => { for (const save of pending.keys()) settle(save); });
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
export function finding(found, { save, remove, items, changed, title }) {
  const about = items && h("label.words", {}, t.finding_about, h("select", {
    onchange: (event) => { found.item = event.target.value; save(); changed?.(); },
  }, h("option", { value: "" }, t.finding_else), items.map(({ code, word }) => h("option", { value: code }, word))));
  if (about) about.querySelector("select").value = found.item;
  return h("section.finding", { id: found.uid, "aria-label": title ?? t.finding },
    h("h3", {}, title ?? t.finding),
    about,
    severity(found.uid, found.severity, (value) => { found.severity = value; save(); changed?.(); }),
    words(t.finding_text, found, "text", save),
    photographs(found.photos, save),
    remove && h("button.plain", { type: "button", onclick: remove }, t.finding_remove));
}

/** What is missing in a finding. */
export function lacks(found) {
  if (!found.severity) return t.lacks_severity;
  return found.text.trim() ? null : t.lacks_text;
}
