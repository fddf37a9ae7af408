// The end of a form: the distance if it is wanted, the name, the tick, the button; or the draft given up. Signing puts the form into the outbox in
// the same breath as it leaves the drafts; sending is somebody else's business.

import { fill, h, t, tell } from "./dom.js";
import { metres } from "./model.js";
import * as store from "./store.js";

/** Notes how far from the unit the phone is, when asked to: the number alone is kept, never the place. */
function distance(draft, save) {
  const place = draft.unit.position;
  if (draft.kind !== "inspection" || !place || !navigator.geolocation) return null;
  const told = h("span", { role: "status" });
  const show = () => { told.textContent = typeof draft.metres === "number" ? fill(t.distance_is, { n: draft.metres }) : ""; };
  show();
  return h("p.distance", {}, h("button", {
    type: "button",
    onclick: () => {
      told.textContent = t.distance_wait;
      navigator.geolocation.getCurrentPosition(async ({ coords }) => {
        draft.metres = metres(place, { lat: coords.latitude, lon: coords.longitude });
        await save();
        show();
      }, () => { told.textContent = t.distance_none; }, { enableHighAccuracy: true, timeout: 20_000 });
    },
  }, t.distance), told);
}

/**
 * The signature. `missing` says what a form lacks, as [{ text, at }]; `build` makes it; `title` names it in the outbox.
 */
export function signature(app, draft, { save, missing, build, button, title, seen = t.seen_myself }) {
  const wrong = h("div.wrong", { role: "alert", hidden: true });
  const tick = h("input", { type: "checkbox", checked: draft.seen, onchange: () => { draft.seen = tick.checked; save(); } });
  let signed = false;
  const sign = async () => {
    const lacking = missing();
    // Somebody else signed in meanwhile, in another window perhaps: nobody signs for another.
    if (app.person.person !== draft.person) lacking.unshift({ text: t.lacks_person, at: wrong });
    if (!tick.checked) lacking.push({ text: t.lacks_tick, at: tick });
    wrong.hidden = lacking.length === 0;
    if (lacking.length) {
      wrong.replaceChildren(h("p", {}, t.lacks), h("ul", {}, lacking.slice(0, 8).map(({ text, at }) => h("li", {},
        h("button.plain", { type: "button", onclick: () => reach(at) }, text)))));
      reach(lacking[0].at);
      return;
    }
    if (signed) return;
    signed = true;
    const now = Date.now();
    try {
      const { person, name } = app.person;
      await store.finish({
        uid: draft.uid, person, name, order: now, state: "waiting", reason: null, detail: null, queued_at: now, sent_at: null,
        title, form: build(person, now),
      });
    } catch {
      signed = false;
      wrong.hidden = false;
      wrong.textContent = t.full;
      return;
    }
    tell(t.signed);
    app.told = { text: t.signed, shown: false };
    app.go("");
    app.send();
  };
  return h("section.sign", { "aria-labelledby": "sign" },
    h("h2", { id: "sign" }, t.signature),
    distance(draft, save),
    h("p", {}, h("b", {}, app.person.name)),
    h("label.tick", {}, tick, h("span", {}, seen)),
    wrong,
    h("button.do.wide", { type: "button", onclick: sign }, button));
}

/** The other end of a draft: it goes, once it was asked twice. */
export const discarding = (app, draft) => h("p", {}, h("button.plain", {
  type: "button",
  onclick: async () => {
    if (!confirm(t.discard_ask)) return;
    await store.discard(draft);
    app.go(`unit/${draft.unit.id}`);
  },
}, t.discard));

function reach(at) {
  if (!at) return;
  for (let inside = at.closest("details"); inside; inside = inside.parentElement?.closest("details")) inside.open = true;
  const target = at.matches("input, button, textarea") ? at : at.querySelector("input, button, textarea") ?? at;
  target.focus();
  target.scrollIntoView({ block: "center" });
}
