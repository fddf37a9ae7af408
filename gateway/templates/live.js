// Keeps the page fresh and says so when it cannot; goes to the search on "/"; reads values off a chart.
// Without it every page works by reloading.
"use strict";

const PERIOD_MS = 1000;
const PATIENCE_MS = 5000;
const lost = document.getElementById("lost");
const main = document.getElementById("content");
const period = Number(main.dataset.period) || PERIOD_MS;
let seenAt = Date.now();
let touching = false;

/** Makes `old` like `fresh` in place: what is the same stays the same element, and a changed value glows once. */
function become(old, fresh) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) {
      old.data = fresh.data;
      glow(old.parentElement?.closest(".live"));
    }
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) return;
  for (const { name, value } of fresh.attributes) {
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && name !== "class" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  if (old.matches("input, select, textarea, .cursor, .readout")) return;
  children(old, fresh);
}

function children(old, fresh) {
  const named = new Map();
  for (const child of old.children) if (child.id) named.set(child.id, child);
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    let match = wanted.id ? named.get(wanted.id) : null;
    if (!match && place && !place.id && !wanted.id && place.nodeName === wanted.nodeName) match = place;
    if (match) {
      if (match !== place) old.insertBefore(match, place);
      become(match, wanted);
      place = match.nextSibling;
    } else {
      old.insertBefore(wanted, place);
      if (wanted.nodeType === Node.ELEMENT_NODE && wanted.matches("tr, li")) glow(wanted);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function glow(element) {
  if (!element) return;
  element.classList.remove("glow");
  void element.getBoundingClientRect();
  element.classList.add("glow");
  element.addEventListener("animationend", () => element.classList.remove("glow"), { once: true });
}

async function refresh() {
  // What is shown once, or was said of what was typed, stays until the reader leaves.
  if (!document.hidden && !touching && !document.querySelector("[data-once], .wrong")) {
    try {
      // The rows that are being read keep their order.
      const steady = [...document.querySelectorAll("#newest [data-series]")].map((row) => row.dataset.series).join();
      const answer = await fetch(location.href, {
        cache: "no-store",
        headers: { "x-steady": steady },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (!answer.ok && answer.status >= 500) throw new Error(String(answer.status));
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const id of ["content", "strip", "now"]) {
          const [here, there] = [document.getElementById(id), fresh.getElementById(id)];
          if (here && there) become(here, there);
        }
      }
      if (!lost.hidden) {
        lost.hidden = true;
        document.getElementById("told").textContent = lost.dataset.back;
      }
      seenAt = Date.now();
    } catch {
      const seconds = Math.round((Date.now() - seenAt) / 1000);
      const unit = document.documentElement.lang === "el" ? "δευτ." : "s";
      const text = `■ ${lost.dataset.text} ${main.dataset.now} (${seconds} ${unit}). ${lost.dataset.retry}`;
      // A screen reader is told once; the seconds are for the eye.
      if (lost.hidden) lost.textContent = text;
      else lost.firstChild.data = text;
      lost.hidden = false;
    }
  }
  setTimeout(refresh, period);
}
setTimeout(refresh, period);

addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  const search = document.getElementById("search");
  if (search && event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
  }
});

// A menu closes when one looks elsewhere.
const menu = document.querySelector("details.menu");
addEventListener("click", (event) => { if (menu && !menu.contains(event.target)) menu.open = false; });
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu?.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

/* The chart: a value under the pointer or the arrow keys; a span by dragging. */
const box = document.getElementById("chart");
if (box) {
  let place = -1;
  let drag = null;
  const points = () => box.dataset.values.split("|").filter(Boolean).map((point) => {
    const space = point.indexOf(" ");
    return { at: Number(point.slice(0, space)), text: point.slice(space + 1) };
  });
  const span = () => [Number(box.dataset.from), Number(box.dataset.until)];
  const svg = () => [...box.querySelectorAll(".chart")].find((chart) => chart.getBoundingClientRect().width > 0);
  const scale = () => {
    const chart = svg();
    const { left, right, width } = chart.dataset;
    return { chart, left: Number(left), right: Number(right), width: Number(width), box: chart.getBoundingClientRect() };
  };
  const toTime = (clientX) => {
    const s = scale();
    const x = ((clientX - s.box.left) / s.box.width) * s.width;
    const [from, until] = span();
    return from + (Math.min(Math.max((x - s.left) / (s.right - s.left), 0), 1)) * (until - from);
  };
  const toX = (at) => {
    const s = scale();
    const [from, until] = span();
    return s.left + ((at - from) / (until - from)) * (s.right - s.left);
  };
  const show = (index) => {
    const all = points();
    if (!all.length) return;
    place = Math.min(Math.max(index, 0), all.length - 1);
    const { at, text } = all[place];
    const cursor = svg().querySelector(".cursor");
    cursor.removeAttribute("hidden");
    cursor.setAttribute("transform", `translate(${toX(at)} 0)`);
    const when = new Date(at).toLocaleString(document.documentElement.lang, { dateStyle: "short", timeStyle: "short" });
    box.querySelector(".readout").textContent = `${when}: ${text} ${box.dataset.unit}`;
  };
  const nearest = (time) => {
    const all = points();
    let best = 0;
    all.forEach((point, n) => { if (Math.abs(point.at - time) < Math.abs(all[best].at - time)) best = n; });
    return best;
  };
  box.addEventListener("pointermove", (event) => {
    show(nearest(toTime(event.clientX)));
    if (!drag) return;
    const [a, b] = [toX(drag.from), toX(toTime(event.clientX))];
    drag.rect.setAttribute("x", Math.min(a, b));
    drag.rect.setAttribute("width", Math.abs(a - b));
  });
  box.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    rect.setAttribute("class", "pick");
    rect.setAttribute("height", "100%");
    svg().append(rect);
    drag = { from: toTime(event.clientX), rect };
    touching = true;
  });
  addEventListener("pointerup", (event) => {
    if (!drag) return;
    const [from, until] = [drag.from, toTime(event.clientX)].sort((a, b) => a - b);
    drag.rect.remove();
    drag = null;
    touching = false;
    const [start, end] = span();
    if (until - from < (end - start) / 100) return;
    const address = new URL(location.href);
    for (const name of ["span", "page", "window"]) address.searchParams.delete(name);
    address.searchParams.set("from", new Date(from).toISOString());
    address.searchParams.set("until", new Date(until).toISOString());
    location.assign(address);
  });
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(place < 0 ? (step > 0 ? 0 : 1e9) : place + step);
  });
}
