// People of a test city, each in a browser of their own.

import { execFileSync } from "node:child_process";
import { open } from "./harness.mjs";

export const PASSWORD = "correct horse battery staple";

/** Adds somebody on the command line and signs them in by their link: their page. */
export async function person(browser, city, login, name, role, how = {}) {
  const { sites = [], ...look } = how;
  const args = ["user", "--config", city.config, "add", login, "--name", name, "--role", role, ...sites.flatMap((site) => ["--site", site])];
  const out = execFileSync(city.binary, args, { encoding: "utf8" });
  const path = /\/welcome\/\S+/.exec(out)?.[0];
  if (!path) throw new Error(`no link in: ${out}`);
  const page = await open(browser, [city.http], look);
  await page.goto(city.http + path);
  await page.locator("input[type=password]").first().fill(PASSWORD);
  await page.locator("main form button[type=submit], main form button").first().click();
  await page.waitForURL("**/account");
  return page;
}

/** A photograph: what the page shows now, as JPEG. */
export const photograph = async (page) => ({ name: "photo.jpg", mimeType: "image/jpeg", buffer: await page.screenshot({ type: "jpeg" }) });
