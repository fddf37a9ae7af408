// Elements in one call, words of the reader's language, times and counts as a person reads them.
// Text goes in as text: what somebody typed is never markup.

export const t = JSON.parse(document.getElementById("words").textContent);
export const lang = document.documentElement.lang;
/** Days and hours as they are written here. */
const locale = lang === "en" ? "en-GB" : lang;

/** An element: `h("button.do", { onclick }, "text", child, …)`; what is null or false is left out. */
export function h(name, given = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (["value", "checked", "disabled", "hidden", "textContent", "multiple"].includes(key)) element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A shape of the sprite, with its word: state is never colour alone. */
export function state(shape, word, more = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `mark ${shape}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#m-${shape}`);
  svg.append(use);
  return h(`span.state${more}`, {}, svg, word);
}

/** A text with its places filled in: `{n}`. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** "1 form", "3 forms". */
export const count = (n, one, many) => fill(n === 1 ? one : many, { n });

/** A name of the catalogue in the reader's language. */
export const named = (text) => (text ? text[lang] || text.el || text.en : "");

export const number = (value) => new Intl.NumberFormat(lang, { maximumFractionDigits: 6 }).format(value);

/** The day of this phone's calendar, as the gateway writes days. */
export function dayOf(at) {
  const date = new Date(at);
  const two = (n) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** "today 14:20", "23 Nov 14:20". */
export function when(at) {
  const clock = new Date(at).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  if (dayOf(at) === dayOf(Date.now())) return `${t.today} ${clock}`;
  return `${new Date(at).toLocaleDateString(locale, { day: "numeric", month: "short" })} ${clock}`;
}

/** A day of the calendar: "23 Nov". */
export const day = (text) => new Date(`${text}T12:00:00`).toLocaleDateString(locale, { day: "numeric", month: "short" });

/** Says something to who listens and to who looks. */
export function tell(text) {
  const told = document.getElementById("told");
  told.textContent = "";
  setTimeout(() => { told.textContent = text; }, 50);
}

/** Folded for comparing: small letters, no accents, one sigma. */
export const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("ς", "σ");
