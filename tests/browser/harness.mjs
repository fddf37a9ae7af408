// What the browser tests share: checks that are counted, a browser, and the look that every page is held to.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

const given = process.argv.indexOf("--binary");
export const binary = given > 0 ? resolve(process.argv[given + 1])
  : ["release", "debug"].map((kind) => join(here, "../../target", kind, "city-gateway")).find(existsSync);
if (!binary) throw new Error("no gateway: cargo build -p city-gateway");

/** Where pictures of every page go, when they are wanted. */
export const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });
/** Where README's pictures go, when they are to be made anew. */
export const pictures = process.argv.includes("--pictures") && join(here, "../../docs/pictures");
if (pictures) mkdirSync(pictures, { recursive: true });

const only = process.env.ONLY?.split(",");
export const wanted = (name) => !only || only.includes(name);

const results = [];

/** Runs a check and says what came of it; one that fails does not hide those after it. */
export async function check(name, work) {
  const started = Date.now();
  try {
    await work();
    results.push(`ok      ${name} (${Date.now() - started} ms)`);
  } catch (error) {
    results.push(`FAILED  ${name}\n        ${String(error.stack).split("\n").slice(0, 24).join("\n        ")}`);
  }
  console.log(results.at(-1));
}

export const anyFailed = () => results.some((result) => result.startsWith("FAILED"));

/** Says how many were well, and ends. */
export function finish() {
  console.log(`${results.filter((r) => r.startsWith("ok")).length} of ${results.length} well`);
  process.exit(anyFailed() ? 1 : 0);
}

export function launch() {
  const args = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  // Chromium's own sandbox does not work for root.
  if (process.getuid() === 0) args.push("--no-sandbox");
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
}

/** A page as somebody opens it; what it logs as wrong and what it asks of other hosts than `homes` is kept in `problems`. */
export async function open(browser, homes, { lang = "el", width = 1280, scheme = "light" } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: width < 500 ? 780 : 900 },
    locale: lang === "el" ? "el-GR" : "en-GB",
    timezoneId: "Europe/Athens",
    colorScheme: scheme,
    hasTouch: width < 500,
  });
  const page = await context.newPage();
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.problems.push(message.text()));
  page.on("request", (request) => homes.some((home) => request.url().startsWith(home)) || page.problems.push(`asked ${request.url()}`));
  return page;
}

/** What is wrong with how the page looks: wider than the screen, or against WCAG. */
export async function faults(page, name) {
  const wrong = [];
  const wide = await page.evaluate(() => {
    const beyond = [...document.querySelectorAll("body *")].filter((e) => !e.closest(".scroll, pre, svg, .unseen, .skip") && e.getBoundingClientRect().right > innerWidth + 1);
    return document.documentElement.scrollWidth > innerWidth ? `${document.documentElement.scrollWidth} px: ${beyond.slice(0, 3).map((e) => e.outerHTML.slice(0, 80))}` : "";
  });
  if (wide) wrong.push(`${name} is wide: ${wide}`);
  // Through the protocol, so that the page's own policy stays in force.
  await page.evaluate(AXE);
  const found = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: tags }), TAGS);
  for (const v of found.violations) wrong.push(`${name}: ${v.id}: ${v.nodes.slice(0, 2).map((n) => n.target + " " + (n.any[0]?.message ?? "")).join(" | ")}`);
  return wrong;
}
