// The demonstration as a newcomer meets it: the tour with its kill, its late node and its outage, by mouse and by keyboard;
// and what says that the data is a demonstration. With --pictures, README's pictures are made on the way.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep } from "./city.mjs";
import { anyFailed, binary, check, faults, finish, launch, open, pictures, shots, wanted } from "./harness.mjs";

const WORDS = /Demonstration data: real citizens' measurements \(Sensor\.Community, 2019\)/;
const folder = mkdtempSync(join(tmpdir(), "demo-"));
const demo = spawn(binary, ["demo", "--data-dir", join(folder, "demo"), "--port-http", "0", "--port-mqtt", "0", "--port-tour", "0"], { stdio: ["ignore", "pipe", "inherit"] });
let said = "";
demo.stdout.on("data", (chunk) => { said += chunk; });
const heard = async (pattern) => {
  for (let tries = 0; !pattern.test(said); tries++) {
    if (tries > 1200 || demo.exitCode !== null) throw new Error(`the demonstration did not say ${pattern}:\n${said}`);
    await sleep(100);
  }
  return pattern.exec(said)[1];
};

let browser, city, tour;
const look = (how) => open(browser, [city, tour], how);
const number = async (page, selector) => Number((await page.locator(selector).textContent()).replace(/\D/g, ""));
const picture = async (page, name, height) => {
  if (!pictures) return;
  const { width } = page.viewportSize();
  await page.setViewportSize({ width: width > 1000 ? 1216 : width, height });
  const bytes = (await page.screenshot({ path: join(pictures, `${name}.png`) })).length;
  assert.ok(bytes < 150_000, `${name}.png has ${bytes} bytes`);
};

try {
  city = `http://${await heard(/Open +http:\/\/([\d.:]+)\//)}`;
  tour = `http://${await heard(/Tour +http:\/\/([\d.:]+)\//)}`;
  await heard(/(The city is live)/);
  browser = await launch();

  if (wanted("band")) await check("pages, prints and answers say that the data is a demonstration and where it comes from", async () => {
    const page = await look({ lang: "en" });
    for (const path of ["/", "/nodes", "/sinks", "/about", "/nowhere"]) {
      await page.goto(city + path);
      assert.match(await page.locator(".demonstration").textContent(), WORDS, path);
      for (const media of ["screen", "print"]) {
        await page.emulateMedia({ media });
        assert.ok(await page.locator(".demonstration").isVisible(), `${path}, ${media}`);
      }
    }
    for (const path of ["/v1.1", "/v1.1/Things?$top=1", "/api/ledger", "/api/rejections", "/metrics", "/nodes", "/series/1/csv?span=24h"]) {
      assert.match((await fetch(city + path)).headers.get("x-demonstration") ?? "", WORDS, path);
    }
    const json = async (path) => (await fetch(city + path)).json();
    assert.match((await json("/v1.1")).serverSettings.demonstration, WORDS);
    assert.match((await json("/api/ledger")).demonstration, WORDS);
    assert.match((await json("/api/rejections")).demonstration, WORDS);
    await page.context().close();
  });

  if (wanted("tour")) await check("the tour is found from the city, and leads back", async () => {
    const page = await look();
    await page.goto(city);
    await page.getByRole("link", { name: "Ξενάγηση δύο λεπτών" }).click();
    await page.waitForURL(`${tour}/**`);
    assert.match(await page.locator("h1").textContent(), /Μια πόλη που ζει/);
    await page.getByRole("link", { name: "Ο χάρτης και όσα χρειάζονται προσοχή" }).click();
    await page.waitForURL(`${city}/`);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });

  if (wanted("tour")) await check("nobody else can press the tour's buttons", async () => {
    const token = /name="token" value="(\w+)"/.exec(await (await fetch(`${tour}/kill`)).text())[1];
    const press = async (body, headers = {}) => (await fetch(`${tour}/kill`, { method: "POST", body, headers, redirect: "manual" })).status;
    assert.equal(await press("token=guessed"), 403);
    assert.equal(await press(""), 403);
    assert.equal(await press(`token=${token}`, { origin: "http://evil.example" }), 403);
    assert.equal(await press(`token=${token}`, { origin: city }), 403);
    assert.ok(!(await (await fetch(`${tour}/kill`)).text()).includes("SIGKILL στη διεργασία"), "nothing was killed");
    const answer = await fetch(`${tour}/kill`);
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
    assert.match(answer.headers.get("content-security-policy"), /frame-ancestors 'none'/);
  });

  if (wanted("tour")) await check("by keyboard: the gateway is killed under load, is seen dead, comes back, and nothing is lost", async () => {
    const page = await look();
    await page.goto(`${tour}/kill`);
    const pid = () => Number(readFileSync(join(folder, "demo/gateway.pid"), "utf8"));
    const before = pid();
    await page.locator("button.do").focus();
    await page.keyboard.press("Enter");
    await page.locator("#alive").getByText("δεν υπάρχει").waitFor({ timeout: 60_000 });
    await page.locator("#verdict").getByText("Τίποτε δεν χάθηκε").waitFor({ timeout: 90_000 });
    assert.notEqual(pid(), before);
    assert.match(await page.locator("#facts").textContent(), new RegExp(`SIGKILL στη διεργασία ${before}\\.`));
    const [made, acknowledged, stored, missing] = [await number(page, "#made"), await number(page, "#acknowledged"), await number(page, "#stored"), await number(page, "#missing")];
    assert.ok(made > 10_000, String(made));
    assert.deepEqual([acknowledged, stored, missing], [made, made, 0]);
    // The gateway says the same of itself.
    const { nodes, all } = await (await fetch(`${city}/api/ledger`)).json();
    const tests = Object.entries(nodes).filter(([id]) => id.startsWith("tour-test-")).map(([, account]) => account.readings);
    assert.equal(tests.reduce((sum, readings) => sum + readings.stored, 0), made + tests.length, "and the first word of each");
    assert.equal(all.frames.received, all.frames.decoded + all.frames.pending + Object.values(all.frames.rejected).reduce((a, b) => a + b, 0));
    await picture(page, "tour", 780);
    await page.context().close();
  });

  if (wanted("tour")) await check("a late node's backlog corrects yesterday's hours before one's eyes", async () => {
    const page = await look({ width: 360 });
    await page.goto(`${tour}/late`);
    await page.locator("button.do").click();
    await page.locator(".hours tbody tr").first().waitFor({ timeout: 120_000 });
    await page.locator("#verdict").getByText("Οι χθεσινές ώρες διορθώθηκαν").waitFor({ timeout: 90_000 });
    const rows = await page.locator(".hours tbody tr").all();
    assert.equal(rows.length, 6);
    for (const row of rows) {
      const cells = await row.locator("td").allTextContents();
      const [before, after] = cells.slice(0, 2).map((cell) => /(\d+)\s% · αναθ\. (\d+)/.exec(cell).slice(1).map(Number));
      assert.ok(before[0] < 50 && after[0] >= 90, cells.join(" | "));
      assert.equal(after[1], before[1] + 1, "the next revision");
    }
    await page.context().close();
  });

  if (wanted("tour")) await check("the store is taken away, the cursor waits, and catches up when it is back", async () => {
    const page = await look({ lang: "en" });
    await page.goto(`${tour}/store`);
    await page.getByRole("button", { name: "Take the store away" }).click();
    await page.getByRole("button", { name: "Bring it back" }).waitFor({ timeout: 60_000 });
    await page.waitForFunction(() => Number(document.getElementById("behind").textContent.replace(/\D/g, "")) > 0, null, { timeout: 60_000 });
    const ready = await (await fetch(`${city}/readyz`)).json();
    assert.equal(ready.ready, true, "readings are taken as ever");
    assert.match(ready.warnings.join(), /sink influxdb is behind/);
    await page.getByRole("button", { name: "Bring it back" }).click();
    await page.locator("#verdict").getByText("All is handed over").waitFor({ timeout: 90_000 });
    assert.ok(await number(page, "#most") > 0);
    await page.context().close();
  });

  if (wanted("tour")) await check("a swing is hit: an alert, an inspection, a lock-out that whoever scans the label sees, and its release", async () => {
    const page = await look({ lang: "en" });
    await page.goto(`${tour}/swing`);
    await page.getByRole("button", { name: "Hit the swing" }).click();
    await page.getByRole("button", { name: "Repair and release" }).waitFor({ timeout: 90_000 });
    const facts = await page.locator("#facts li").allTextContents();
    assert.equal(facts.length, 4, facts.join("\n"));
    const sees = async () => (await (await fetch(`${city}/e/swing-kallithea?lang=en`)).text());
    assert.match(await sees(), /public barred/);
    const alert = await page.getByRole("link", { name: "The alert" }).getAttribute("href");
    assert.match(await (await fetch(`${alert}?lang=en`)).text(), /Strong impact on equipment[\s\S]*alarm · not answered/);
    await page.getByRole("button", { name: "Repair and release" }).click();
    await page.locator("#verdict").getByText("The swing may be used again").waitFor({ timeout: 60_000 });
    assert.doesNotMatch(await sees(), /public barred/);
    await page.context().close();
  });

  if (wanted("tour")) for (const [lang, width, scheme] of [["el", 1280, "light"], ["el", 360, "dark"], ["en", 360, "light"], ["en", 1280, "dark"]]) {
    await check(`every step: ${lang}, ${width} px, ${scheme}: nothing overflows, axe finds nothing, nothing from elsewhere`, async () => {
      const page = await look({ lang, width, scheme });
      const wrong = [];
      for (const name of ["", "kill", "late", "store", "swing"]) {
        await page.goto(`${tour}/${name}`);
        assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
        wrong.push(...await faults(page, `/${name}`));
        if (shots) await page.screenshot({ path: join(shots, `tour-${name || "city"}-${lang}-${width}-${scheme}.png`), fullPage: true });
      }
      wrong.push(...page.problems);
      await page.context().close();
      assert.deepEqual(wrong, []);
    });
  }

  if (pictures) {
    const page = await look();
    await page.goto(city);
    await picture(page, "overview", 720);
    const things = await (await fetch(`${city}/v1.1/Datastreams?$filter=Thing/name eq 'sound-aristotelous' and ObservedProperty/name eq 'sound_laeq'`)).json();
    await page.goto(`${city}/series/${things.value[0]["@iot.id"] / 8}?span=24h`);
    await picture(page, "series", 720);
    await page.goto(`${city}/nodes/air-aristotelous?theme=dark`);
    await picture(page, "node", 640);
    await page.context().close();
  }
} finally {
  await browser?.close();
  demo.kill("SIGTERM");
  if (demo.exitCode === null) await new Promise((resolve) => demo.once("exit", resolve));
  if (anyFailed()) console.log(said.slice(-2000));
  if (!process.env.KEEP) rmSync(folder, { recursive: true, force: true });
}
finish();
