// The pages as a person meets them: seen from outside, in both languages, on a desk and on a phone, light and dark.

import assert from "node:assert/strict";
import { join } from "node:path";
import { City, NODES, history, sleep } from "./city.mjs";
import { anyFailed, binary, check, faults, finish, launch, open, shots, wanted } from "./harness.mjs";

const city = new City(binary);
let browser;
const look = (how) => open(browser, [city.http], how);

try {
  city.configure();
  for (const [id, type, site, el, en] of NODES) city.add(id, type, site, el, en);
  await city.start();
  const now = Date.now();
  const clients = new Map();
  for (const [place, [id, , , , , series, period]] of NODES.entries()) {
    const client = await city.node(id);
    clients.set(id, client);
    for (const [n, one] of series.entries()) {
      const records = history(one, period, now - (id === "soil-kallithea" ? 30 * 3_600_000 : 0), 7 + place + n);
      for (let from = 0; from < records.length; from += 400) await city.publish(client, id, records.slice(from, from + 400));
    }
  }
  await clients.get("soil-kallithea").endAsync();
  await city.publish(clients.get("air-toumba"), "air-toumba", [{ n: "no_such_thing", u: "Cel", v: 4 }]);
  await city.publish(clients.get("bin-xirokrini-1"), "bin-xirokrini-1", [{ n: "bin_fill", u: "%", v: 140 }]);
  await clients.get("air-kamara").publishAsync("city/air-kamara/readings", "garbage", { qos: 1 });
  await city.settled();

  browser = await launch();

  const rejections = (await city.json("/api/rejections")).rejections;
  const byOrder = async () => {
    // The first series of the first node.
    const page = await (await fetch(`${city.http}/nodes/air-toumba`)).text();
    return Number(/href="\/series\/(\d+)"/.exec(page)[1]);
  };
  const series = await byOrder();
  const PAGES = [
    ["overview", "/"],
    ["nodes", "/nodes"],
    ["node", "/nodes/air-toumba"],
    ["series", `/series/${series}?span=24h`],
    ["series-week", `/series/${series}?span=7d`],
    ["series-raw", `/series/${series}?span=24h&window=raw`],
    ["rejections", "/rejections"],
    ["rejection", `/rejections/${rejections[0].id}`],
    ["sinks", "/sinks"],
    ["about", "/about"],
    ["more", "/more"],
    ["search", "/search?q=air"],
    ["missing", "/nowhere"],
  ];
  // Every pair of language, width and look; a text is as wide in the dark as in the light.
  const looks = [["el", 1280, "light"], ["el", 360, "dark"], ["en", 1280, "dark"], ["en", 360, "light"]];
  if (wanted("looks")) for (const [lang, width, scheme] of looks) {
    await check(`every page: ${lang}, ${width} px, ${scheme}: nothing overflows, axe finds nothing, nothing from elsewhere`, async () => {
      const page = await look({ lang, width, scheme });
      const wrong = [];
      for (const [name, path] of PAGES) {
        await page.goto(city.http + path);
        assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
        wrong.push(...await faults(page, name));
        if (shots) await page.screenshot({ path: join(shots, `${name}-${lang}-${width}-${scheme}.png`), fullPage: true });
      }
      wrong.push(...page.problems.filter((p) => !p.includes("404")));
      await page.context().close();
      assert.deepEqual(wrong, []);
    });
  }

  if (wanted("live")) await check("a published value is seen within 2 s without reload", async () => {
    const page = await look();
    await page.goto(`${city.http}/nodes/air-toumba`);
    await page.evaluate(() => { globalThis.sameDocument = true; });
    for (const value of [41.25, 43.5]) {
      const started = Date.now();
      await city.publish(clients.get("air-toumba"), "air-toumba", [{ n: "pm25", u: "ug/m3", v: value }]);
      await page.getByText(value.toFixed(2).replace(".", ","), { exact: true }).first().waitFor({ timeout: 2000 });
      console.log(`        seen after ${Date.now() - started} ms`);
      await sleep(300);
    }
    assert.equal(await page.evaluate(() => globalThis.sameDocument), true, "the page was not loaded anew");
    await page.context().close();
  });

  if (wanted("live")) await check("without a script the pages work", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, locale: "el-GR" });
    const page = await context.newPage();
    await page.goto(city.http);
    assert.match(await page.locator("h1").textContent(), /κόμβ/);
    await page.locator("a[href='/nodes']").first().click();
    assert.equal(await page.locator("tbody tr").count(), NODES.length);
    await context.close();
  });

  if (wanted("live")) await check("language and look are kept; the address wins", async () => {
    const page = await look({ lang: "el" });
    await page.goto(city.http);
    await page.getByRole("link", { name: "English" }).click();
    await page.goto(`${city.http}/nodes`);
    assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
    await page.getByRole("link", { name: "Dark look" }).click();
    await page.goto(`${city.http}/about`);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(14, 21, 28)");
    await page.goto(`${city.http}/about?lang=el`);
    assert.equal(await page.evaluate(() => document.documentElement.lang), "el");
    await page.context().close();
  });

  if (wanted("live")) await check("'/' goes to the search, and it finds nodes and series, in lookalike letters", async () => {
    const page = await look();
    await page.goto(city.http);
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search");
    await page.keyboard.type("ΘΕΡΜΟΚΡΑΣΙΑ");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/search?q=*");
    assert.ok(await page.locator("main a[href^='/series/']").count() >= 3);
    await page.context().close();
  });

  if (wanted("live")) await check("the keyboard reads values off the chart; CSV has what was asked", async () => {
    const page = await look();
    await page.goto(`${city.http}/series/${series}?span=24h`);
    await page.locator("#chart").focus();
    await page.keyboard.press("End");
    assert.match(await page.locator(".readout").textContent(), /\d/);
    const csv = await (await fetch(`${city.http}/series/${series}/csv?span=24h&separator=comma&decimal=point`)).text();
    const [head, ...rows] = csv.trim().split("\r\n");
    assert.match(head, /demonstration,node,quantity,channel,unit,from,until,mean/);
    assert.ok(rows.length > 80 && rows.every((row) => row.split(",").length === head.split(",").length));
    await page.context().close();
  });

  if (wanted("replay")) await check("a rejection is played again after it is confirmed, and from our own pages only", async () => {
    const page = await look();
    const id = rejections[0].id;
    const foreign = await fetch(`${city.http}/rejections/${id}/replay`, { method: "POST", headers: { origin: "http://evil.example" } });
    assert.equal(foreign.status, 403);
    await page.goto(`${city.http}/rejections/${id}`);
    const button = page.getByRole("button", { name: "Ναι, να επαναληφθεί" });
    assert.equal(await button.isVisible(), false, "it asks first");
    await page.locator("details.confirm summary").click();
    await button.click();
    await page.getByText("Δόθηκε εντολή επανάληψης").waitFor();
    await page.waitForFunction(() => !document.getElementById("replayed").textContent.includes("όχι"), null, { timeout: 5000 });
    assert.ok((await city.json(`/api/rejections/${id}`)).replayed_at);
    await page.context().close();
  });

  if (wanted("lost")) await check("a band says when the connection is lost, and goes when it is back", async () => {
    const page = await look();
    await page.goto(city.http);
    await city.kill();
    await page.locator("#lost").waitFor({ state: "visible", timeout: 8000 });
    assert.match(await page.locator("#lost").textContent(), /Η σύνδεση με την πύλη χάθηκε\. Βλέπετε όσα ίσχυαν σήμερα \d\d:\d\d/);
    if (shots) await page.screenshot({ path: join(shots, "lost-el-1280-light.png") });
    await city.start();
    await page.locator("#lost").waitFor({ state: "hidden", timeout: 15000 });
    await page.context().close();
  });

  if (wanted("print")) await check("a print has the municipality's head and says that the data is a demonstration", async () => {
    const page = await look();
    await page.goto(`${city.http}/series/${series}?span=7d`);
    await page.emulateMedia({ media: "print" });
    const text = await page.locator("body").innerText();
    for (const part of ["Δήμος Θεσσαλονίκης", "Διεύθυνση Έξυπνης Πόλης", "+30 2310 000000", "Δεδομένα επίδειξης", "Εκτυπώθηκε"]) assert.ok(text.includes(part), part);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).page), "demo-el", "every sheet has the band");
    if (shots) await page.screenshot({ path: join(shots, "print-series.png"), fullPage: true });
    await page.context().close();
  });
} finally {
  await browser?.close();
  city.process?.kill("SIGTERM");
  if (anyFailed() && city.log) console.log(city.log.slice(-2000));
  if (!process.env.KEEP) city.remove();
}
finish();
