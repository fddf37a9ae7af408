// Photographs: made small on the phone, faces pixelated before anything is kept, kept as bytes. What is not kept in the
// dialog never reaches the disk. What the camera wrote of place and time is gone with the first drawing.

import { fill, h, t, tell } from "./dom.js";
import * as store from "./store.js";
import { newUid } from "./model.js";

const SIDE_MAX = 1600;
const THUMB = 160;
const QUALITY = 0.8;
const STEP = 0.05;
/** Pixels across a rectangle that stay of what was in it. */
const GRAINS = 5;

const scaled = (source, longest) => {
  const scale = Math.min(1, longest / Math.max(source.width, source.height));
  const canvas = h("canvas");
  canvas.width = Math.max(1, Math.round(source.width * scale));
  canvas.height = Math.max(1, Math.round(source.height * scale));
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
};

/** Makes a rectangle unrecognisable: a few grains of colour, drawn large. */
function pixelate(canvas, { x, y, width, height }) {
  const context = canvas.getContext("2d");
  const [left, top] = [Math.max(0, Math.round(x)), Math.max(0, Math.round(y))];
  const [w, hgt] = [Math.min(canvas.width - left, Math.round(width)), Math.min(canvas.height - top, Math.round(height))];
  if (w < 2 || hgt < 2) return;
  const small = h("canvas");
  [small.width, small.height] = [Math.min(GRAINS, w), Math.min(GRAINS, hgt)];
  const pen = small.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(canvas, left, top, w, hgt, 0, 0, small.width, small.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, small.width, small.height, left, top, w, hgt);
}

/** Looks at a picture before it is kept. Returns the canvas, or null when it is not to be. */
function look(picture) {
  return new Promise((resolve) => {
    let original = scaled(picture, SIDE_MAX);
    const canvas = scaled(original, SIDE_MAX);
    canvas.setAttribute("tabindex", "0");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", t.photo_canvas);
    const frame = h("div.frame", { hidden: true });
    const mark = { x: canvas.width / 2, y: canvas.height / 2 };
    const spot = () => Math.max(canvas.width, canvas.height) / 7;
    let from = null;

    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return { x: ((event.clientX - box.left) / box.width) * canvas.width, y: ((event.clientY - box.top) / box.height) * canvas.height };
    };
    const show = (a, b) => {
      const scale = canvas.getBoundingClientRect().width / canvas.width;
      frame.hidden = false;
      Object.assign(frame.style, {
        left: `${canvas.offsetLeft + Math.min(a.x, b.x) * scale}px`, top: `${canvas.offsetTop + Math.min(a.y, b.y) * scale}px`,
        width: `${Math.abs(a.x - b.x) * scale}px`, height: `${Math.abs(a.y - b.y) * scale}px`,
      });
    };
    const around = ({ x, y }) => [{ x: x - spot() / 2, y: y - spot() / 2 }, { x: x + spot() / 2, y: y + spot() / 2 }];
    const blur = (a, b) => {
      pixelate(canvas, { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) });
      tell(t.photo_blurred);
    };
    canvas.addEventListener("pointerdown", (event) => {
      from = place(event);
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => { if (from) show(from, place(event)); });
    canvas.addEventListener("pointercancel", () => { from = null; frame.hidden = true; });
    canvas.addEventListener("pointerup", (event) => {
      if (!from) return;
      const to = place(event);
      // A tap alone blurs what is under the finger.
      const tap = Math.hypot(to.x - from.x, to.y - from.y) < canvas.width / 50;
      blur(...(tap ? around(from) : [from, to]));
      from = null;
      frame.hidden = true;
    });
    canvas.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (by) {
        mark.x = Math.min(canvas.width, Math.max(0, mark.x + by[0] * STEP * canvas.width));
        mark.y = Math.min(canvas.height, Math.max(0, mark.y + by[1] * STEP * canvas.height));
        show(...around(mark));
      } else if (event.key === "Enter" || event.key === " ") blur(...around(mark));
      else return;
      event.preventDefault();
    });

    const end = (kept) => { dialog.close(); dialog.remove(); original = null; resolve(kept); };
    const dialog = h("dialog.photo", { "aria-label": t.photo_title },
      h("h2", {}, t.photo_title), h("p", {}, t.photo_how),
      h("div.canvas", {}, canvas, frame),
      h("div.acts", {},
        h("button.do", { type: "button", onclick: () => end(canvas) }, t.photo_keep),
        h("button", { type: "button", onclick: () => { canvas.getContext("2d").drawImage(original, 0, 0); frame.hidden = true; } }, t.photo_undo),
        h("button", { type: "button", onclick: () => end(null) }, t.photo_drop)));
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); end(null); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

async function keep(canvas) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  const photo = { id: newUid("photo"), bytes: await blob.arrayBuffer(), thumb: scaled(canvas, THUMB).toDataURL("image/jpeg", 0.7), sha256: null };
  await store.put("photos", photo);
  return photo;
}

/** The photographs of `list`, to be added to and taken from; `save` keeps the draft that the list is of. */
export function photographs(list, save, label = t.photos) {
  const wrong = h("p.wrong", { role: "alert", hidden: true });
  const shown = h("ul.photos", {});
  const draw = async () => {
    const photos = await Promise.all(list.map((id) => store.get("photos", id)));
    shown.replaceChildren(...photos.map((photo, n) => h("li", {},
      h("img", { src: photo?.thumb, alt: fill(t.photo_n, { n: n + 1 }), width: 96, height: 96 }),
      h("button", {
        type: "button", "aria-label": `${t.photo_remove}: ${fill(t.photo_n, { n: n + 1 })}`,
        onclick: async () => {
          const [id] = list.splice(n, 1);
          await save();
          await store.remove("photos", id);
          draw();
        },
      }, t.photo_remove))));
  };
  const take = async (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    wrong.hidden = true;
    for (const file of files) {
      let picture;
      try {
        picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      } catch {
        wrong.textContent = t.photo_unreadable;
        wrong.hidden = false;
        continue;
      }
      const canvas = await look(picture);
      picture.close();
      if (!canvas) continue;
      try {
        list.push((await keep(canvas)).id);
        await save();
      } catch {
        wrong.textContent = t.full;
        wrong.hidden = false;
      }
    }
    draw();
  };
  const input = h("input.unseen", { type: "file", accept: "image/*", capture: "environment", multiple: true, onchange: take });
  draw();
  return h("div.photographs", {}, h("label.button.file", {}, label, input), shown, wrong);
}
