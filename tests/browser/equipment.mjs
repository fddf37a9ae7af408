// Equipment as its people meet it: a swing that is broken is locked out, barred, repaired, inspected by another and released; what
// anybody sees who scans its label; what is not theirs is not offered.

import assert from "node:assert/strict";
import { join } from "node:path";
import { City } from "./city.mjs";
import { anyFailed, binary, check, faults, finish, launch, open, shots, wanted } from "./harness.mjs";
import { person, photograph } from "./persons.mjs";

const LOOKS = [["el", 1280, "light"], ["el", 360, "dark"], ["en", 1280, "dark"], ["en", 360, "light"]];

const city = new City(binary);
let browser, operator, inspector, technician, auditor, stranger;

/** Every look of a page: what is wrong with it. */
async function everyLook(page, name, path) {
  const wrong = [];
  const { width, height } = page.viewportSize();
  for (const [lang, wide, scheme] of LOOKS) {
    await page.setViewportSize({ width: wide, height: wide < 500 ? 780 : 900 });
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`${city.http}${path}${path.includes("?") ? "&" : "?"}lang=${lang}`);
    assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
    wrong.push(...await faults(page, `${name} ${lang} ${wide}`));
    if (shots) await page.screenshot({ path: join(shots, `eq-${name}-${lang}-${wide}-${scheme}.png`), fullPage: true });
  }
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`${city.http}/about?lang=el`);
  return wrong;
}

const go = (page, path) => page.goto(city.http + path);
const press = async (page, name) => Promise.all([page.waitForNavigation(), page.getByRole("button", { name, exact: true }).click()]);
const verdict = async (page) => (await page.locator(".verdict").textContent()).trim();

async function add(page, { id, kind, name, parent, site, use }) {
  await go(page, "/equipment/new");
  const field = (name) => page.locator(`.sheet [name=${name}]`);
  await field("id").fill(id);
  await field("kind").selectOption(kind);
  if (use) await field("use").selectOption(use);
  await field("name_el").fill(name);
  if (parent) await field("parent").fill(parent);
  if (site) await field("site").selectOption(site);
  await press(page, "Αποθήκευση");
}

if (wanted("equipment")) try {
  city.configure({ demonstration: false, read: "token" });
  await city.start();
  browser = await launch();
  operator = await person(browser, city, "nikos", "Νίκος Παπάς", "operator");
  inspector = await person(browser, city, "eleni", "Ελένη Νικολάου", "inspector", { width: 360 });
  technician = await person(browser, city, "petros", "Πέτρος Ιωάννου", "technician", { width: 360 });
  auditor = await person(browser, city, "maria", "Μαρία Ελέγχου", "auditor");
  stranger = await open(browser, [city.http], { width: 360 });
  for (const page of [operator, inspector, technician, auditor, stranger]) page.setDefaultTimeout(8_000);

  await check("an operator begins with nothing, is told the one step, and puts a playground on record", async () => {
    await go(operator, "/equipment");
    await operator.getByRole("heading", { name: "Κανένας εξοπλισμός ακόμη" }).waitFor();
    if (shots) await everyLook(operator, "empty", "/equipment");
    await add(operator, { id: "pg-toumba", kind: "playground", name: "Παιδική χαρά Τούμπας", site: "toumba" });
    await operator.getByText("Τυπώστε την ετικέτα").waitFor();
    await add(operator, { id: "sw-1", kind: "swing", name: "Κούνια δύο θέσεων", parent: "pg-toumba" });
    await add(operator, { id: "sl-1", kind: "slide", name: "Τσουλήθρα", parent: "pg-toumba" });
    // A lift's law depends upon its use: it is asked for, and what was typed stays.
    await add(operator, { id: "lift-1", kind: "lift", name: "Ανελκυστήρας Δημαρχείου", site: "toumba" });
    await operator.getByRole("alert").filter({ hasText: "Επιλέξτε χρήση" }).waitFor();
    assert.equal(await operator.locator("[name=name_el]").inputValue(), "Ανελκυστήρας Δημαρχείου");
    await operator.locator("[name=use]").selectOption("public");
    await press(operator, "Αποθήκευση");
    assert.equal(new URL(operator.url()).pathname, "/equipment/lift-1");
    operator.problems = operator.problems.filter((problem) => !problem.includes("422"));
  });

  await check("whoever scans the label sees that it may be used, and nobody's name", async () => {
    await go(stranger, "/e/sw-1");
    await stranger.getByText("Επιτρέπεται η χρήση").waitFor();
    assert.equal(await stranger.getByText("2310 000000").count() > 0, true, "a number to call");
    const answer = await go(stranger, "/e/nothing-here");
    assert.equal(answer.status(), 404);
    stranger.problems = [];
  });

  await check("an inspector makes a round on a phone; a failed item locks the swing out at once", async () => {
    await go(inspector, "/equipment");
    await inspector.getByRole("link", { name: /Τακτικός οπτικός έλεγχος/ }).first().click();
    await inspector.waitForURL("**/inspect/routine_visual");
    const chain = inspector.locator("fieldset.check").filter({ hasText: "Αλυσίδες" });
    await chain.getByLabel("εύρημα").check();
    await chain.getByLabel("Σοβαρότητα").selectOption("urgent");
    await chain.getByLabel("Τι δεν είναι σε τάξη").fill("κομμένος κρίκος");
    // What is not marked is not in order by itself.
    await press(inspector, "Υπογραφή και ολοκλήρωση");
    await inspector.getByRole("alert").filter({ hasText: "δεν έχει απάντηση" }).waitFor();
    assert.equal(await chain.getByLabel("Τι δεν είναι σε τάξη").inputValue(), "κομμένος κρίκος");
    await inspector.getByLabel(/Όσα δεν σημειώθηκαν/).check();
    await press(inspector, "Υπογραφή και ολοκλήρωση");
    await inspector.getByText("με σημαντικά ευρήματα").first().waitFor();
    inspector.problems = inspector.problems.filter((problem) => !problem.includes("422"));
    await go(inspector, "/equipment/sw-1");
    assert.match(await verdict(inspector), /εντολή ακινητοποίησης, δεν έγινε ακόμη/);
    await go(stranger, "/e/sw-1");
    await stranger.locator(".public.barred").waitFor();
  });

  await check("ordered and not yet barred stands on top of everybody's page until somebody shows that it is", async () => {
    for (const page of [operator, auditor, technician]) {
      await go(page, "/about");
      await page.locator(".notices").filter({ hasText: "Κούνια δύο θέσεων" }).waitFor();
    }
    await go(technician, "/equipment/sw-1");
    await technician.getByRole("link", { name: "Το ακινητοποίησα" }).click();
    await technician.waitForURL("**/do/bar**");
    await technician.locator("input[type=file]").setInputFiles(await photograph(technician));
    await press(technician, "Καταχώριση");
    assert.match(await verdict(technician), /ακινητοποιημένο/);
    await go(operator, "/about");
    assert.equal(await operator.locator(".notices").count(), 0);
  });

  await check("work is ordered and done; whoever did it neither inspects nor releases", async () => {
    await go(operator, "/equipment/sw-1");
    await operator.getByRole("link", { name: "Εντολή εργασίας" }).first().click();
    await operator.getByLabel("Περιγραφή").fill("Νέα αλυσίδα");
    await operator.getByLabel("Σε ποιον").selectOption({ label: "Πέτρος Ιωάννου" });
    await press(operator, "Καταχώριση");
    await go(technician, "/equipment/sw-1");
    await technician.getByRole("link", { name: "Η εργασία έγινε" }).click();
    await technician.getByLabel("Περιγραφή").fill("Άλλαξε η αλυσίδα");
    await technician.getByLabel("Κόστος, €").fill("48,50");
    await press(technician, "Καταχώριση");
    await technician.getByRole("alert").filter({ hasText: "Χρειάζεται φωτογραφία" }).waitFor();
    technician.problems = technician.problems.filter((problem) => !problem.includes("422"));
    await technician.locator("input[type=file]").setInputFiles(await photograph(technician));
    await press(technician, "Καταχώριση");
    await technician.getByText("48,50 €").waitFor();
    assert.equal(await technician.getByRole("link", { name: "Επαναφορά σε χρήση" }).count(), 0, "it is not offered");
    const answer = await go(technician, "/equipment/sw-1/do/release");
    assert.equal(answer.status(), 403);
    technician.problems = [];
  });

  await check("it is released on the ground of another's inspection after the work, and not before", async () => {
    await go(inspector, "/equipment/sw-1/do/release");
    await press(inspector, "Καταχώριση");
    await inspector.getByRole("alert").filter({ hasText: "επείγον εύρημα" }).waitFor();
    await go(inspector, "/equipment/sw-1");
    await inspector.getByRole("link", { name: "Επανεπιθεώρηση" }).click();
    await inspector.waitForURL("**/inspect/reinspection");
    for (const measure of await inspector.locator(".measure input").all()) {
      const unit = await measure.locator("xpath=..").textContent();
      await measure.fill(/[≥≤] ([0-9,]+)/.exec(unit)?.[1] ?? "1");
    }
    await inspector.getByLabel(/κομμένος κρίκος/).check();
    await inspector.getByLabel(/Όσα δεν σημειώθηκαν/).check();
    await press(inspector, "Υπογραφή και ολοκλήρωση");
    await inspector.getByText("χωρίς σημαντικά ευρήματα").first().waitFor();
    await go(inspector, "/equipment/sw-1");
    await inspector.getByRole("link", { name: "Κλείσιμο ευρήματος" }).click();
    const seen = inspector.getByLabel("Επιθεώρηση στην οποία στηρίζεται");
    await seen.selectOption({ index: 1 });
    await press(inspector, "Καταχώριση");
    await go(inspector, "/equipment/sw-1/do/release");
    await inspector.getByLabel("Επιθεώρηση στην οποία στηρίζεται").selectOption({ index: 1 });
    await press(inspector, "Καταχώριση");
    assert.match(await verdict(inspector), /σε χρήση/);
    await go(stranger, "/e/sw-1");
    await stranger.getByText("Επιτρέπεται η χρήση").waitFor();
    inspector.problems = inspector.problems.filter((problem) => !problem.includes("422"));
  });

  await check("an auditor sees every step with its entry in the audit log, and changes nothing", async () => {
    await go(auditor, "/equipment/sw-1");
    const history = await auditor.locator("#history ~ ul li a").allTextContents();
    for (const step of ["εύρημα", "ακινητοποίηση", "εντολή εργασίας", "εργασία ολοκληρώθηκε", "επιθεώρηση", "κλείσιμο ευρήματος", "επαναφορά σε χρήση"]) {
      assert.ok(history.includes(step), `${step} is not in ${history}`);
    }
    assert.equal(await auditor.locator("main a[href*='/do/']").count(), 0);
    await auditor.getByRole("link", { name: "Στο αρχείο ενεργειών" }).click();
    await auditor.waitForURL("**/audit?subject=asset**");
    assert.ok(await auditor.locator("tbody tr").count() >= 7);
  });

  await check("an inspection is not changed but superseded, with the reason; the signed copy is filed under it", async () => {
    await go(inspector, "/equipment/pg-toumba");
    await inspector.locator("#history ~ ul li a").filter({ hasText: "επιθεώρηση" }).first().click();
    await inspector.getByRole("link", { name: "Αρχειοθέτηση εγγράφου" }).click();
    await inspector.getByLabel("Περιγραφή").fill("υπογεγραμμένο αντίγραφο");
    await inspector.locator("input[type=file]").setInputFiles(await photograph(inspector));
    await press(inspector, "Καταχώριση");
    await inspector.getByText("υπογεγραμμένο αντίγραφο").waitFor();
    await inspector.locator("#history ~ ul li a").filter({ hasText: "επιθεώρηση" }).first().click();
    await inspector.getByRole("link", { name: "Αντικατάσταση με νεότερη" }).click();
    await inspector.getByLabel(/Όσα δεν σημειώθηκαν/).check();
    await press(inspector, "Υπογραφή και ολοκλήρωση");
    await inspector.getByRole("alert").filter({ hasText: "Γράψτε την περιγραφή" }).waitFor();
    await inspector.getByLabel("Παρατηρήσεις").fill("γράφτηκε λάθος όργανο");
    await inspector.getByLabel(/Όσα δεν σημειώθηκαν/).check();
    await press(inspector, "Υπογραφή και ολοκλήρωση");
    await inspector.getByText("Αντικαθιστά").waitFor();
    assert.equal(await inspector.getByText("γράφτηκε λάθος όργανο").count(), 1);
    inspector.problems = inspector.problems.filter((problem) => !problem.includes("422"));
  });

  await check("a month's report counts it, tells what was quick, and draws the same sample by the same seed", async () => {
    await go(auditor, "/equipment/reports");
    await auditor.getByText(/δευτ\. για \d+ στοιχεία/).first().waitFor();
    const drawn = async (seed) => {
      await go(auditor, `/equipment/reports?seed=${seed}`);
      return auditor.locator("#sample-title ~ ul a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    };
    const first = await drawn("έλεγχος-7");
    assert.ok(first.length >= 2, `${first}`);
    assert.deepEqual(await drawn("έλεγχος-7"), first);
  });

  await check("a table is seen before it is taken in, and lapses that were there wait for a named decision", async () => {
    await go(operator, "/equipment/import");
    await operator.locator("textarea[name=table]").fill("id;kind;name_el;site;parent;numbers\npg-new;playground;Νέα παιδική χαρά;kallithea;;Μητρώο: 77\nsw-new;swing;Κούνια;;pg-new;\nrocket;rocket;Πύραυλος;kallithea;;\n");
    await press(operator, "Έλεγχος");
    await operator.getByText("Δεν υπάρχει είδος εξοπλισμού rocket").waitFor();
    assert.equal((await go(stranger, "/e/pg-new")).status(), 404, "nothing is added before it was seen");
    await press(operator, "Προσθήκη: 2");
    await operator.getByText("Προστέθηκαν: 2").waitFor();
    await go(operator, "/equipment");
    await operator.locator("#decisions a").filter({ hasText: "Νέα παιδική χαρά" }).click();
    await operator.getByLabel("Αιτία").fill("απόφαση 12/2026");
    await press(operator, "Καταχώριση");
    assert.match(await verdict(operator), /σε χρήση/, "by the clock, not by the hand");
    stranger.problems = [];
  });

  await check("a manufacturer's consent to a node is put on file, seen, and taken off with a reason", async () => {
    await go(operator, "/equipment/sw-1/edit");
    await operator.locator("[name=nodes]").fill("swing-7: άνω δοκός");
    await operator.locator("[name=inspected]").fill("annual_main: 2026-01-12");
    await press(operator, "Αποθήκευση");
    await operator.getByText("χωρίς συναίνεση του κατασκευαστή").waitFor();
    await operator.locator("#nodes ~ p").getByRole("link", { name: "Αρχεία και συναινέσεις" }).click();
    await operator.locator("select[name=node]").selectOption("swing-7");
    await operator.locator("input[type=file]").setInputFiles([{ name: "συναίνεση.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4\n%%EOF\n") }, await photograph(operator)]);
    await press(operator, "Αποθήκευση");
    await operator.getByRole("link", { name: "συναίνεση.pdf" }).waitFor();
    assert.equal(await operator.locator("#files ~ ul img").count(), 1);
    if (shots) await everyLook(operator, "files", "/equipment/sw-1/files");
    await go(operator, "/equipment/sw-1");
    assert.equal(await operator.getByText("χωρίς συναίνεση του κατασκευαστή").count(), 0);
    await go(operator, "/equipment/sw-1/files");
    await operator.locator("#consents ~ ul summary").click();
    await operator.locator("#consents ~ ul input[name=reason]").fill("αφορά άλλο μοντέλο");
    await press(operator, "Αφαίρεση από τον φάκελο");
    await operator.getByText("χωρίς συναίνεση του κατασκευαστή").waitFor();
    // What the node measures stands with what was found; who may not read the city's data sees the node's name alone.
    city.secrets.set("swing-7", "a-secret-of-the-swing");
    const node = await city.node("swing-7");
    await city.publish(node, "swing-7", [{ n: "surface_temperature", u: "Cel", v: 41.5 }, { n: "tilt", u: "deg", v: 0.3 }]);
    for (const measured = operator.locator("#nodes ~ .scroll tr").filter({ hasText: "41,5" }); ;) {
      await go(operator, "/equipment/sw-1");
      if (await measured.count()) break;
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
    if (shots) await everyLook(operator, "mounted", "/equipment/sw-1");
    await node.endAsync();
    const table = await (await operator.request.get(`${city.http}/equipment/export.csv`)).text();
    assert.match(table, /swing-7: άνω δοκός/);
    assert.match(table, /annual_main: 2026-01-12/);
  });

  await check("a defect of machinery is rated by likelihood and consequence; the scheme proposes and the inspector decides", async () => {
    await add(operator, { id: "crane-1", kind: "machinery", name: "Καλαθοφόρο", site: "toumba", use: "lifting" });
    await go(inspector, "/equipment/crane-1/do/found");
    await inspector.getByLabel("Τι δεν είναι σε τάξη").fill("ρωγμή στον βραχίονα");
    await inspector.getByLabel("Πιθανότητα").selectOption("4");
    await inspector.getByLabel("όπως προτείνει η κλίμακα").check();
    await press(inspector, "Καταχώριση");
    await inspector.getByRole("alert").filter({ hasText: "Βαθμολογήστε" }).waitFor();
    inspector.problems = inspector.problems.filter((problem) => !problem.includes("422"));
    await inspector.getByLabel("Συνέπεια").selectOption("5");
    if (shots) await inspector.screenshot({ path: join(shots, "eq-rated.png"), fullPage: true });
    await press(inspector, "Καταχώριση");
    assert.match(await verdict(inspector), /εντολή ακινητοποίησης/, "4 by 5 is urgent");
    await inspector.getByText("Συνέπεια: θάνατος ή μόνιμη βλάβη (5/5)").waitFor();
    await go(inspector, "/equipment/crane-1/do/found");
    await inspector.getByLabel("Τι δεν είναι σε τάξη").fill("ξεθωριασμένη πινακίδα");
    await inspector.getByLabel("Πιθανότητα").selectOption("5");
    await inspector.getByLabel("Συνέπεια").selectOption("5");
    await inspector.getByLabel(/συνιστώμενο/).check();
    await press(inspector, "Καταχώριση");
    await inspector.locator("#defects ~ ul li").filter({ hasText: "ξεθωριασμένη" }).filter({ hasText: "συνιστώμενο" }).waitFor();
  });

  await check("before the day begins the depot's gate has a list of what must not leave, on paper too", async () => {
    await add(operator, { id: "van-1", kind: "vehicle", name: "Ημιφορτηγό", site: "toumba", use: "light" });
    await go(operator, "/equipment/van-1/edit");
    await operator.locator("[name=numbers]").fill("Πινακίδα: ΚΗΥ 0001");
    await press(operator, "Αποθήκευση");
    await go(operator, "/equipment");
    await operator.getByRole("link", { name: "Κίνηση οχημάτων" }).click();
    await operator.getByRole("heading", { name: "1 από 1 οχήματα δεν πρέπει να κυκλοφορήσει" }).waitFor();
    await operator.locator("#stay ~ ul li").filter({ hasText: "ΚΗΥ 0001" }).filter({ hasText: "ΚΤΕΟ" }).waitFor();
    if (shots) await everyLook(operator, "depot", "/equipment/depot");
    const paper = await operator.request.get(`${city.http}/equipment/depot.pdf`);
    assert.equal(paper.headers()["content-type"], "application/pdf");
  });

  await check("the calendar tells an operator each inspector's load, and an inspector their own", async () => {
    await go(operator, "/equipment/calendar");
    const row = operator.locator("#load ~ .scroll tr").filter({ hasText: "Ελένη Νικολάου" });
    const [made, , due] = (await row.locator("td").allTextContents()).map((text) => Number(text.replace(/\D/g, "")));
    assert.ok(made >= 3 && due >= 30, `${made} made, ${due} due`);
    await go(inspector, "/equipment/calendar");
    await inspector.getByRole("heading", { name: "Ο φόρτος σας" }).waitFor();
    assert.equal(await inspector.locator("#load ~ .scroll tbody tr").count(), 1);
    await go(technician, "/equipment/calendar");
    assert.equal(await technician.locator("#load").count(), 0, "who does not inspect has none");
  });

  await check("the map shows the worst of what stands at a place, and the list beside it the same in words", async () => {
    await go(operator, "/equipment");
    await operator.getByRole("link", { name: "Χάρτης" }).click();
    const marks = operator.locator("svg.map a");
    const labels = await marks.evaluateAll((all) => all.map((mark) => mark.getAttribute("aria-label")));
    assert.ok(labels.some((label) => /Τούμπα: \d+ .*εντολή ακινητοποίησης/.test(label)), `${labels}`);
    const first = operator.locator("#units ~ ul li").first();
    await first.filter({ hasText: "Καλαθοφόρο" }).filter({ hasText: "εντολή ακινητοποίησης" }).waitFor();
    await operator.getByLabel("Είδος").selectOption("vehicle");
    await press(operator, "Εμφάνιση");
    assert.deepEqual(await operator.locator("#units ~ ul b").allTextContents(), ["Ημιφορτηγό"]);
    await operator.locator("svg.map a").focus();
    await Promise.all([operator.waitForNavigation(), operator.keyboard.press("Enter")]);
    assert.equal(new URL(operator.url()).pathname, "/equipment/van-1");
    await go(operator, "/equipment/map?state=restricted");
    await operator.getByText("Τίποτε δεν ταιριάζει").waitFor();
  });

  await check("who is held to sites sees what stands there and nothing else", async () => {
    await add(operator, { id: "pg-kamara", kind: "playground", name: "Παιδική χαρά Καμάρας", site: "arch-of-galerius" });
    const outside = await person(browser, city, "giorgos", "Γιώργος Φορέας", "inspector", { sites: ["toumba"] });
    await go(outside, "/equipment/list");
    const rows = await outside.locator("tbody th a").allTextContents();
    assert.ok(rows.includes("Παιδική χαρά Τούμπας") && !rows.includes("Παιδική χαρά Καμάρας"), `${rows}`);
    assert.equal((await go(outside, "/equipment/pg-kamara")).status(), 404);
    await go(outside, "/equipment/map");
    assert.ok(!(await outside.locator("main").textContent()).includes("Καμάρ"), "not on the map either");
    assert.equal((await go(outside, "/nodes")).status(), 403);
    await outside.context().close();
  });

  await check("every page of equipment looks well", async () => {
    const step = await operator.goto(`${city.http}/equipment/sw-1`).then(() => operator.locator("#history ~ ul li a").filter({ hasText: "επιθεώρηση" }).first().getAttribute("href"));
    const wrong = [];
    for (const [page, name, path] of [
      [operator, "today", "/equipment"], [operator, "list", "/equipment/list"], [operator, "asset", "/equipment/sw-1"], [operator, "playground", "/equipment/pg-toumba"],
      [operator, "edit", "/equipment/lift-1/edit"], [operator, "new", "/equipment/new"], [operator, "do-work", "/equipment/sw-1/do/work"], [operator, "do-certify", "/equipment/lift-1/do/certify?of=lift_public"],
      [inspector, "do-found", "/equipment/sw-1/do/found"], [inspector, "do-accident", "/equipment/sw-1/do/accident"], [inspector, "inspect", "/equipment/pg-toumba/inspect/operational"], [operator, "step", step],
      [operator, "calendar", "/equipment/calendar"], [operator, "map", "/equipment/map"], [operator, "certificates", "/equipment/certificates"], [operator, "work", "/equipment/work"], [operator, "import", "/equipment/import"],
      [auditor, "reports", "/equipment/reports"], [auditor, "evidence", "/equipment/pg-toumba/evidence"], [operator, "label", "/equipment/sw-1/label"], [operator, "sign", "/equipment/sw-1/sign"], [stranger, "public", "/e/pg-toumba"],
    ]) wrong.push(...await everyLook(page, name, path));
    const problems = [operator, inspector, technician, stranger].flatMap((page) => page.problems);
    assert.deepEqual([...wrong, ...problems], []);
  });
} finally {
  await browser?.close();
  city.process?.kill("SIGTERM");
  if (anyFailed() && city.log) console.log(city.log.slice(-2000).replace(/\/welcome\/\S+/g, "/welcome/…"));
  if (!process.env.KEEP) city.remove();
}
finish();
