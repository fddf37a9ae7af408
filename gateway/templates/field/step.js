// What is done about one asset by itself: a defect reported, equipment barred, work ended.

import { h, named, t } from "./dom.js";
import { severity, words } from "./finding.js";
import { newUid, step } from "./model.js";
import { photographs } from "./photo.js";
import { discarding, signature } from "./sign.js";
import * as store from "./store.js";

/** A new step. */
export const begin = (person, unit, asset, deed, order = null) => ({
  uid: newUid(deed === "found" ? "defect" : "step"), person, kind: "step", deed, unit, asset, order,
  started_at: Date.now(), severity: null, text: "", photos: [], seen: false,
});

/** The page of a step. */
export function page(app, draft) {
  const save = () => store.keep(draft);
  const asset = draft.unit.assets.find((one) => one.id === draft.asset);
  const order = asset.orders.find((one) => one.uid === draft.order);
  const title = t[`deed_${draft.deed}`];
  const both = (el) => `${title}: ${el}`;
  const picks = photographs(draft.photos, save, draft.deed === "barred" ? t.photo_barred : t.photos);
  const severe = draft.deed === "found" && severity(draft.unit.scheme, draft, save);
  const text = draft.deed !== "barred" && words(draft.deed === "found" ? t.finding_text : t.work_text, draft, "text", save);
  // Whether the work is on something grave: the record asks for a photograph then.
  const grave = asset.defects.some((defect) => order?.defects.includes(defect.uid) && defect.severity !== "recommended");
  const missing = () => [
    draft.deed === "found" && draft.marks?.includes(0) && { text: t.lacks_mark, at: severe },
    draft.deed === "found" && !draft.severity && { text: t.lacks_severity, at: severe },
    draft.deed === "found" && !draft.text.trim() && { text: t.lacks_text, at: text },
    draft.deed === "barred" && !draft.photos.length && { text: t.lacks_photo, at: picks },
    draft.deed === "work_done" && grave && !draft.photos.length && { text: t.lacks_photo, at: picks },
    draft.deed === "work_done" && !draft.text.trim() && !draft.photos.length && { text: t.lacks_text, at: text },
  ].filter(Boolean);
  return [
    h("p.trail", {}, h("a", { href: `#unit/${draft.unit.id}` }, `← ${named(draft.unit.assets[0].name)}`)),
    h("h1", { tabindex: "-1" }, title),
    h("p", {}, h("b", {}, named(asset.name)), order?.text ? ` · ${order.text}` : ""),
    draft.deed === "barred" && h("p", {}, t.barred_how),
    draft.deed === "work_done" && h("p", {}, grave ? t.work_grave : t.work_how),
    severe, text, picks,
    signature(app, draft, {
      save, missing, build: (person, now) => step(draft, person, now), button: t.sign_finish,
      title: { el: both(asset.name.el), en: both(asset.name.en) }, seen: draft.deed === "found" ? t.seen_myself : t.done_myself,
    }),
    discarding(app, draft),
  ];
}
