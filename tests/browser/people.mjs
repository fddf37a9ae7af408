// People and their rights as they meet them: the first link, codes, a colleague who is added and sees what is theirs alone.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { City, sleep } from "./city.mjs";
import { anyFailed, binary, check, faults, finish, launch, open, shots, wanted } from "./harness.mjs";

const PASSWORD = "correct horse battery staple";
/** What an administrator may see and an operator may not. */
const CLOSED = ["/people", "/people/rights", "/tokens", "/certificates"];
const LOOKS = [["el", 1280, "light"], ["el", 360, "dark"], ["en", 1280, "dark"], ["en", 360, "light"]];

const city = new City(binary);
let browser, administrator, operator;
const look = (how) => open(browser, [city.http], how);

/** The six digits of a key now, as an authenticator shows them (RFC 6238). */
function code(key) {
  const bits = [...key.replace(/\s/g, "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const tag = createHmac("sha1", secret).update(step).digest();
  const four = tag.readUInt32BE(tag.at(-1) & 15) & 0x7fffffff;
  return String(four % 1_000_000).padStart(6, "0");
}

/** Every look of a page of somebody who signed in, in their own browser: what is wrong with it. */
async function everyLook(page, name, path) {
  const wrong = [];
  const { width, height } = page.viewportSize();
  for (const [lang, wide, scheme] of LOOKS) {
    await page.setViewportSize({ width: wide, height: wide < 500 ? 780 : 900 });
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`${city.http}${path}?lang=${lang}`);
    assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
    wrong.push(...await faults(page, `${name} ${lang} ${wide}`));
    if (shots) await page.screenshot({ path: join(shots, `${name}-${lang}-${wide}-${scheme}.png`), fullPage: true });
  }
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`${city.http}/about?lang=el`);
  return wrong;
}

/** Where the page leads: its header and its list of what else there is. */
async function offered(page) {
  await page.goto(`${city.http}/more`);
  return page.evaluate(() => [...document.querySelectorAll("a[href^='/']")].map((a) => a.getAttribute("href").replace(/\?.*/, "")));
}

if (wanted("people")) try {
  city.configure({ demonstration: false, read: "token" });
  await city.start();
  for (let tries = 0; !/\/welcome\/\S+/.test(city.log); tries++) {
    assert.ok(tries < 100, "no first link was printed");
    await sleep(50);
  }
  const first = /(http:\S+\/welcome\/\S+)/.exec(city.log)[1];
  browser = await launch();

  await check("a stranger is offered to sign in, and nothing else", async () => {
    const page = await look();
    await page.goto(`${city.http}/nodes`);
    assert.equal(new URL(page.url()).pathname, "/sign-in", "led to where one signs in");
    assert.deepEqual(await page.locator("header a:visible").evaluateAll((all) => all.map((a) => a.getAttribute("href")).filter((href) => !href.includes("?"))), ["/sign-in", "/more", "/sign-in"]);
    const wrong = await everyLook(page, "sign-in", "/sign-in");
    wrong.push(...await everyLook(page, "more-stranger", "/more"));
    assert.deepEqual([...wrong, ...page.problems], []);
    await page.context().close();
  });

  await check("the first administrator sets a password and codes, and only then goes on", async () => {
    administrator = await look();
    await administrator.goto(first);
    await administrator.getByLabel("Όνομα σύνδεσης").fill("eleni");
    await administrator.getByLabel("Ονοματεπώνυμο").fill("Ελένη Νικολάου");
    await administrator.getByLabel("Νέος κωδικός πρόσβασης").fill(PASSWORD);
    await administrator.getByRole("button", { name: "Ορισμός" }).click();
    await administrator.waitForURL("**/account");
    await administrator.goto(`${city.http}/people`);
    assert.equal(new URL(administrator.url()).pathname, "/account", "codes first");
    const shut = await offered(administrator);
    assert.ok(CLOSED.every((path) => !shut.includes(path)) && !shut.includes("/nodes"), `not before the codes: ${shut}`);
    await administrator.goto(`${city.http}/account`);
    await administrator.getByLabel("Κωδικός", { exact: true }).fill(code(await administrator.locator("#code .once").textContent()));
    await administrator.getByRole("button", { name: "Ενεργοποίηση" }).click();
    await administrator.getByRole("heading", { name: "Εφεδρικοί κωδικοί" }).waitFor();
    assert.ok(await administrator.locator("li.once").count() >= 8);
    const open = await offered(administrator);
    for (const path of [...CLOSED, "/sinks", "/about", "/account", "/nodes"]) assert.ok(open.includes(path), `${path} is not in ${open}`);
  });

  await check("the first link works once", async () => {
    const answer = await fetch(first);
    assert.equal(answer.status, 410);
  });

  let link;
  await check("the administrator adds an operator by keyboard; the link is shown once and stays while it is read", async () => {
    await administrator.goto(`${city.http}/people`);
    await administrator.getByText("Μόνο εσείς έχετε λογαριασμό").waitFor();
    await administrator.getByLabel("Ονοματεπώνυμο").focus();
    for (const text of ["Νίκος <b>Παπάς</b>", "nikos"]) {
      await administrator.keyboard.type(text);
      await administrator.keyboard.press("Tab");
    }
    for (const role of ["technician", "operator"]) {
      await administrator.keyboard.press("ArrowDown");
      assert.equal(await administrator.getByLabel("Ρόλος").inputValue(), role);
    }
    await administrator.getByLabel("Όνομα σύνδεσης").press("Enter");
    link = await administrator.locator("#link").textContent();
    assert.ok(link.startsWith(`${city.http}/welcome/`), link);
    await sleep(2_500);
    assert.ok(await administrator.locator("#link").isVisible(), "the page that keeps itself fresh leaves it alone");
    await administrator.goto(`${city.http}/people`);
    assert.equal(await administrator.locator("#link").count(), 0);
    assert.equal(await administrator.getByRole("link", { name: "Νίκος <b>Παπάς</b>" }).count(), 1, "as it was typed");
    assert.equal(await administrator.getByText("δεν έχει συνδεθεί ακόμη").count(), 1);
  });

  await check("what is wrong is said, stays on the page, and what was typed is kept", async () => {
    await administrator.goto(`${city.http}/people`);
    await administrator.getByLabel("Ονοματεπώνυμο").fill("Μαρία");
    await administrator.getByLabel("Όνομα σύνδεσης").fill("nikos");
    await administrator.getByLabel("Ρόλος").selectOption("inspector");
    await administrator.getByRole("button", { name: "Προσθήκη" }).click();
    await administrator.getByRole("alert").filter({ hasText: "το έχει άλλος" }).waitFor();
    await sleep(2_500);
    assert.ok(await administrator.getByText("το έχει άλλος").isVisible(), "it is still there when one has read it");
    assert.equal(await administrator.getByLabel("Ονοματεπώνυμο").inputValue(), "Μαρία");
    assert.equal(await administrator.getByLabel("Ρόλος").inputValue(), "inspector");
    // The browser itself logs an answer that is no success.
    administrator.problems = administrator.problems.filter((problem) => !problem.includes("422"));
  });

  await check("the operator accepts the link on a phone, signs out by the menu and in again", async () => {
    operator = await look({ width: 360 });
    await operator.goto(link);
    await operator.getByLabel("Νέος κωδικός πρόσβασης").fill(PASSWORD);
    await operator.getByRole("button", { name: "Ορισμός" }).click();
    await operator.waitForURL("**/account");
    const menu = operator.locator("details.menu");
    await menu.locator("summary").click();
    if (shots) await operator.screenshot({ path: join(shots, "menu-el-360-light.png") });
    assert.deepEqual(await faults(operator, "menu"), []);
    await operator.keyboard.press("Escape");
    assert.equal(await menu.getAttribute("open"), null, "Escape closes it");
    await menu.locator("summary").press("Enter");
    await menu.getByRole("button", { name: "Αποσύνδεση" }).click();
    await operator.waitForURL("**/sign-in");
    await operator.getByLabel("Όνομα σύνδεσης").fill("NIKOS");
    await operator.getByLabel("Κωδικός πρόσβασης").fill(PASSWORD);
    await operator.getByRole("button", { name: "Σύνδεση" }).click();
    await operator.waitForURL(`${city.http}/`);
  });

  await check("what the operator may not see is not there, and is refused in words when it is typed", async () => {
    const open = await offered(operator);
    assert.ok(open.includes("/nodes") && open.includes("/sinks") && open.includes("/account"), `${open}`);
    for (const path of CLOSED) {
      assert.ok(!open.includes(path), `${path} is offered`);
      const answer = await operator.goto(city.http + path);
      assert.equal(answer.status(), 403, path);
      await operator.getByRole("heading", { name: "Δεν έχετε αυτό το δικαίωμα" }).waitFor();
    }
    await operator.goto(`${city.http}/people`);
    assert.deepEqual(await faults(operator, "refused"), []);
    if (shots) await operator.screenshot({ path: join(shots, "refused-el-360-light.png") });
    operator.problems = operator.problems.filter((problem) => !problem.includes("403"));
  });

  await check("a token is made, shown once, and revoked after it is confirmed with a reason", async () => {
    await administrator.goto(`${city.http}/tokens`);
    await administrator.getByLabel("Για ποιο σύστημα").fill("Πύλη ανοικτών δεδομένων");
    await administrator.getByRole("button", { name: "Δημιουργία" }).click();
    const token = await administrator.locator("#token").textContent();
    const read = async () => (await fetch(`${city.http}/api/ledger`, { headers: { authorization: `Bearer ${token}` } })).status;
    assert.equal(await read(), 200);
    await administrator.goto(`${city.http}/tokens`);
    const button = administrator.getByRole("button", { name: "Ναι, ανάκληση" });
    assert.equal(await button.isVisible(), false, "it asks first");
    await administrator.locator("details.confirm summary").click();
    await button.click();
    assert.equal(new URL(administrator.url()).pathname, "/tokens", "a reason is asked for");
    assert.equal(await read(), 200);
    await administrator.locator("details.confirm input[name=reason]").fill("δοκιμή");
    await button.click();
    await administrator.getByText("Το κλειδί ανακλήθηκε").waitFor();
    assert.equal(await read(), 401);
    await administrator.getByLabel("Για ποιο σύστημα").fill("Πίνακας ελέγχου");
    await administrator.getByRole("button", { name: "Δημιουργία" }).click();
    await administrator.locator("#token").waitFor();
  });

  await check("a node is added and a table of nodes taken in; each secret is shown once, on a phone too", async () => {
    await administrator.setViewportSize({ width: 360, height: 780 });
    await administrator.goto(`${city.http}/nodes/new`);
    await administrator.getByLabel("Όνομα κόμβου").fill("lamp-new");
    await administrator.getByLabel("Ονομασία στα ελληνικά").fill("Λαμπτήρας");
    await administrator.getByRole("button", { name: "Προσθήκη και μυστικό" }).click();
    const secret = await administrator.locator("#secret").textContent();
    assert.match(secret, /^[0-9a-z-]{20,}$/);
    const wrong = await faults(administrator, "node-secret 360");
    if (shots) await administrator.screenshot({ path: join(shots, "node-secret-el-360.png"), fullPage: true });
    // What is shown once does not go away by itself.
    await administrator.waitForTimeout(2_500);
    assert.equal(await administrator.locator("#secret").textContent(), secret);
    await administrator.getByRole("link", { name: "Στον κόμβο" }).click();
    assert.ok(!(await administrator.content()).includes(secret));

    await administrator.goto(`${city.http}/nodes/import`);
    const table = "id;name_el;site\nlamp-a;Λαμπτήρας Α;white-tower\nlamp-new;;\nLamp B;;\n";
    await administrator.getByLabel("Αρχείο CSV").setInputFiles({ name: "nodes.csv", mimeType: "text/csv", buffer: Buffer.from(table) });
    await administrator.getByRole("button", { name: "Έλεγχος" }).click();
    await administrator.getByText("Δεν θα προστεθούν: 2").waitFor();
    wrong.push(...await faults(administrator, "import-checked 360"));
    if (shots) await administrator.screenshot({ path: join(shots, "import-checked-el-360.png"), fullPage: true });
    await administrator.getByRole("button", { name: "Προσθήκη: 1" }).click();
    await administrator.getByText("υπάρχει ήδη").waitFor();
    assert.equal(await administrator.locator("#secrets tbody tr").count(), 1);
    wrong.push(...await faults(administrator, "import-done 360"));
    if (shots) await administrator.screenshot({ path: join(shots, "import-done-el-360.png"), fullPage: true });

    await administrator.goto(`${city.http}/nodes/lamp-a`);
    await administrator.getByText("Ανάκληση", { exact: true }).click();
    await administrator.locator("form[action$=revoke] input[name=reason]").fill("χαμένος");
    await administrator.getByRole("button", { name: "Ναι, ανάκληση" }).click();
    await administrator.getByText("Ανακλήθηκε και αποσυνδέθηκε").waitFor();
    wrong.push(...await faults(administrator, "node-revoked 360"));
    if (shots) await administrator.screenshot({ path: join(shots, "node-revoked-el-360.png"), fullPage: true });
    await administrator.setViewportSize({ width: 1280, height: 900 });
    assert.deepEqual(wrong, []);
  });

  await check("the chain is verified on the page, and a signed copy comes down", async () => {
    await administrator.goto(`${city.http}/audit`);
    await administrator.getByRole("button", { name: "Επαλήθευση όλου του αρχείου" }).click();
    await administrator.getByText(/Ακέραιη: \d+ εγγραφές/).waitFor();
    const [copy] = await Promise.all([administrator.waitForEvent("download"), administrator.getByRole("button", { name: "Λήψη" }).click()]);
    assert.match(copy.suggestedFilename(), /^Δήμος Θεσσαλονίκης audit \d{4}-\d{2}-\d{2}\.ndjson$/);
  });

  await check("pages of people: four looks each, nothing overflows, axe finds nothing", async () => {
    await administrator.goto(`${city.http}/people`);
    const path = await administrator.getByRole("link", { name: "Νίκος" }).getAttribute("href");
    const wrong = [];
    for (const [name, at] of [["people", "/people"], ["person", path], ["erase", `${path}/erase`], ["rights", "/people/rights"], ["tokens", "/tokens"], ["more", "/more"], ["account", "/account"], ["certificates", "/certificates"], ["audit", "/audit"], ["audit-entry", "/audit/2"], ["data", "/data-protection"], ["node-new", "/nodes/new"], ["knocking", "/nodes/knocking"], ["import", "/nodes/import"]]) {
      wrong.push(...await everyLook(administrator, name, at));
    }
    wrong.push(...await everyLook(operator, "more-operator", "/more"));
    wrong.push(...administrator.problems, ...operator.problems);
    assert.deepEqual(wrong, []);
  });

  await check("a blocked operator is out at once, on the page that is open", async () => {
    await operator.goto(`${city.http}/nodes`);
    await administrator.goto(`${city.http}/people`);
    await administrator.getByRole("link", { name: "Νίκος" }).click();
    await administrator.locator("details.confirm summary").click();
    await administrator.locator("details.confirm input[name=reason]").fill("αποχώρησε");
    await administrator.getByRole("button", { name: "Ναι, αποκλεισμός" }).click();
    await administrator.getByText("Αποκλείστηκε").waitFor();
    await operator.goto(`${city.http}/nodes`);
    assert.equal(new URL(operator.url()).pathname, "/sign-in");
  });

  await check("erasing says what stays, asks twice, and reports what it found", async () => {
    await administrator.getByRole("link", { name: "Διαγραφή…" }).click();
    await administrator.getByText("ΓΚΠΔ 17").first().waitFor();
    await administrator.getByLabel("Αιτία").fill("το ζήτησε");
    await administrator.getByRole("button", { name: "Οριστική διαγραφή" }).click();
    assert.match(new URL(administrator.url()).pathname, /erase$/);
    assert.equal(await administrator.locator("#found").count(), 0, "it is to be known that it cannot be undone");
    await administrator.getByLabel("Το γνωρίζω").check();
    await administrator.getByRole("button", { name: "Οριστική διαγραφή" }).click();
    assert.equal(await administrator.locator("#found").textContent(), "0");
    if (shots) await administrator.screenshot({ path: join(shots, "erased-el-1280-light.png"), fullPage: true });
    assert.deepEqual(await faults(administrator, "erased"), []);
    await administrator.goto(`${city.http}/people`);
    assert.equal(await administrator.getByText("Νίκος").count(), 0);
  });

  await check("the review prints with the municipality's head, a table of roles and lines to sign", async () => {
    await administrator.goto(`${city.http}/people/rights`);
    await administrator.emulateMedia({ media: "print" });
    const text = await administrator.locator("body").innerText();
    for (const part of ["Δήμος Θεσσαλονίκης", "Επισκόπηση δικαιωμάτων", "Ελένη Νικολάου", "Τι επιτρέπει κάθε ρόλος", "Υπογραφή"]) assert.ok(text.includes(part), part);
    if (shots) await administrator.pdf({ path: join(shots, "rights.pdf"), format: "A4", landscape: true });
  });
} finally {
  await browser?.close();
  city.process?.kill("SIGTERM");
  if (anyFailed() && city.log) console.log(city.log.slice(-2000).replace(/\/welcome\/\S+/g, "/welcome/…"));
  if (!process.env.KEEP) city.remove();
}
finish();
