// Alerts as their people meet them: a blow on a swing becomes an alert that sounds on the wall, somebody answers it, the inspection that
// it calls for finds the swing broken, and whoever scans the label sees what holds, until it is repaired and released.

import assert from "node:assert/strict";
import { join } from "node:path";
import { City, sleep } from "./city.mjs";
import { anyFailed, binary, check, faults, finish, launch, open, shots, wanted } from "./harness.mjs";
import { person, photograph } from "./persons.mjs";

const LOOKS = [["el", 1280, "light"], ["el", 360, "dark"], ["en", 1280, "dark"], ["en", 360, "light"]];

const city = new City(binary);
let browser, operator, inspector, technician, wall, stranger, alert;

/** Every look of a page: what is wrong with it. */
async function everyLook(page, name, path) {
  const wrong = [];
  const { width, height } = page.viewportSize();
  for (const [lang, wide, scheme] of LOOKS) {
    await page.setViewportSize({ width: wide, height: wide < 500 ? 780 : 900 });
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`${city.http}${path}${path.includes("?") ? "&" : "?"}lang=${lang}`);
    wrong.push(...await faults(page, `${name} ${lang} ${wide}`));
    if (shots) await page.screenshot({ path: join(shots, `al-${name}-${lang}-${wide}-${scheme}.png`), fullPage: true });
  }
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`${city.http}/about?lang=el`);
  return wrong;
}

const go = (page, path) => page.goto(city.http + path);
const press = async (page, name) => Promise.all([page.waitForNavigation(), page.getByRole("button", { name, exact: true }).click()]);

async function add(page, { id, kind, name, parent, site, nodes }) {
  await go(page, "/equipment/new");
  const field = (name) => page.locator(`.sheet [name=${name}]`);
  await field("id").fill(id);
  await field("kind").selectOption(kind);
  await field("name_el").fill(name);
  if (parent) await field("parent").fill(parent);
  if (site) await field("site").selectOption(site);
  if (nodes) await field("nodes").fill(nodes);
  await press(page, "Αποθήκευση");
}

/** What a node measures now. */
async function measure(id, quantity, value) {
  const client = await city.node(id);
  await city.publish(client, id, [{ n: quantity, t: Math.floor(Date.now() / 1000), v: value }]);
  await client.endAsync();
}

if (wanted("alerts")) try {
  city.configure({ demonstration: false, read: "token" });
  for (const [id, type, name] of [["swing-7", "play-swing", "Κόμβος κούνιας"], ["bin-1", "bin-ultrasonic", "Κάδος Τούμπας 1"]]) {
    city.add(id, type, "toumba", name, id);
  }
  await city.start();
  browser = await launch();
  operator = await person(browser, city, "nikos", "Νίκος Παπάς", "operator");
  inspector = await person(browser, city, "eleni", "Ελένη Νικολάου", "inspector", { width: 360 });
  technician = await person(browser, city, "petros", "Πέτρος Ιωάννου", "technician", { width: 360 });
  wall = await person(browser, city, "vardia", "Βάρδια Νύχτας", "operator");
  stranger = await open(browser, [city.http], { width: 360 });
  for (const page of [operator, inspector, technician, wall, stranger]) page.setDefaultTimeout(10_000);

  await check("with nothing there each page says what to do, and looks well", async () => {
    const wrong = [];
    for (const [name, path] of [["none", "/alerts"], ["on-call-none", "/alerts/on-call"], ["shift-none", "/alerts/shift"], ["maintenance-none", "/alerts/maintenance"], ["delivery-none", "/alerts/delivery"]]) {
      wrong.push(...await everyLook(operator, name, path));
    }
    await go(operator, "/alerts");
    await operator.getByRole("heading", { name: "Καμία ανοιχτή ειδοποίηση", exact: true }).waitFor();
    await go(operator, "/alerts/on-call");
    await operator.getByRole("heading", { name: "Κανείς δεν έχει οριστεί σε υπηρεσία" }).waitFor();
    assert.deepEqual(wrong, []);
  });

  await check("an operator puts a technician on call for the nights, and sees the days that nobody has", async () => {
    await go(operator, "/alerts/on-call");
    const field = (name) => operator.locator(`#add [name=${name}]`);
    await field("person").selectOption({ label: "Πέτρος Ιωάννου" });
    await field("from").fill("22:00");
    await field("until").fill("06:00");
    await press(operator, "Προσθήκη");
    await operator.getByText("χωρίς ηλεκτρονική διεύθυνση στον λογαριασμό").waitFor();
    assert.ok(await operator.locator("#gaps-title ~ ul li").count() >= 7, "each day has its gap");
    assert.equal(await technician.locator("#add").count(), 0);
  });

  await check("a blow becomes an alert by itself, on the list, on top of every page and on the wall, with a sound", async () => {
    await add(operator, { id: "pg-toumba", kind: "playground", name: "Παιδική χαρά Τούμπας", site: "toumba" });
    await add(operator, { id: "sw-1", kind: "swing", name: "Κούνια δύο θέσεων", parent: "pg-toumba", nodes: "swing-7: δοκός" });
    await go(wall, "/alerts/wall");
    await wall.getByRole("button", { name: "Ήχος: ανενεργός" }).click();
    await wall.locator("#sound[aria-pressed=true]").waitFor();
    const before = Number(await wall.locator("#sound").getAttribute("data-sounded"));
    await go(operator, "/alerts");
    await measure("swing-7", "impact", 64.5);
    await operator.locator("#raised li").filter({ hasText: "Ισχυρή κρούση σε εξοπλισμό" }).waitFor({ timeout: 30_000 });
    await wall.locator(".wall-rows li.barred").filter({ hasText: "Κούνια δύο θέσεων" }).waitFor({ timeout: 30_000 });
    await wall.waitForFunction((n) => Number(document.getElementById("sound").dataset.sounded) > n, before, { timeout: 30_000 });
    await go(operator, "/");
    await operator.locator(".notices").getByRole("link", { name: /Συναγερμός χωρίς απάντηση: Ισχυρή κρούση/ }).click();
    await operator.waitForURL("**/alerts/*");
    alert = new URL(operator.url()).pathname;
  });

  await check("a technician on a phone sees what to do, answers, and is named; nobody else is asked", async () => {
    await go(technician, alert);
    await technician.getByText("Δείτε τον εξοπλισμό επί τόπου.").waitFor();
    await technician.getByText("έκτακτη επιθεώρηση: pg-toumba").waitFor({ timeout: 30_000 });
    await technician.getByLabel(/Ποιον καλέσατε/).fill("κάλεσα την επιθεωρήτρια");
    await press(technician, "Αναλαμβάνω");
    await technician.getByText("συναγερμός · σε ανάληψη: Πέτρος Ιωάννου").waitFor();
    await go(operator, "/about");
    assert.equal(await operator.locator(".notices").count(), 0);
  });

  await check("the inspection that it calls for finds the swing broken: it is locked out, and anybody sees that", async () => {
    await go(inspector, "/equipment");
    await inspector.getByRole("link", { name: /Λειτουργικός έλεγχος/ }).first().click();
    await inspector.waitForURL("**/inspect/operational");
    const chain = inspector.locator("fieldset.check").filter({ hasText: "Αλυσίδες" });
    await chain.getByLabel("εύρημα").check();
    await chain.getByLabel("Σοβαρότητα").selectOption("urgent");
    await chain.getByLabel("Τι δεν είναι σε τάξη").fill("ραγισμένη δοκός");
    for (const input of await inspector.locator(".measure input").all()) {
      const unit = await input.locator("xpath=..").textContent();
      await input.fill(/[≥≤] ([0-9,]+)/.exec(unit)?.[1] ?? "1");
    }
    await inspector.getByLabel(/Όσα δεν σημειώθηκαν/).check();
    await press(inspector, "Υπογραφή και ολοκλήρωση");
    await go(stranger, "/e/sw-1");
    await stranger.locator(".public.barred").waitFor();
    await go(technician, "/equipment/sw-1");
    await technician.getByRole("link", { name: "Το ακινητοποίησα" }).click();
    await technician.locator("input[type=file]").setInputFiles(await photograph(technician));
    await press(technician, "Καταχώριση");
    assert.match((await technician.locator(".verdict").textContent()).trim(), /ακινητοποιημένο/);
  });

  await check("it is repaired, looked at again and released; the alert is ended with what was found", async () => {
    await go(operator, "/equipment/sw-1");
    await operator.getByRole("link", { name: "Εντολή εργασίας" }).first().click();
    await operator.getByLabel("Περιγραφή").fill("Νέα δοκός");
    await press(operator, "Καταχώριση");
    await go(technician, "/equipment/sw-1");
    await technician.getByRole("link", { name: "Η εργασία έγινε" }).click();
    await technician.getByLabel("Περιγραφή").fill("Άλλαξε η δοκός");
    await technician.locator("input[type=file]").setInputFiles(await photograph(technician));
    await press(technician, "Καταχώριση");
    await go(inspector, "/equipment/sw-1");
    await inspector.getByRole("link", { name: "Επανεπιθεώρηση" }).first().click();
    await inspector.waitForURL("**/inspect/reinspection");
    for (const input of await inspector.locator(".measure input").all()) {
      const unit = await input.locator("xpath=..").textContent();
      await input.fill(/[≥≤] ([0-9,]+)/.exec(unit)?.[1] ?? "1");
    }
    await inspector.getByLabel(/ραγισμένη δοκός/).check();
    await inspector.getByLabel(/Όσα δεν σημειώθηκαν/).check();
    await press(inspector, "Υπογραφή και ολοκλήρωση");
    await go(inspector, "/equipment/sw-1");
    await inspector.getByRole("link", { name: "Κλείσιμο ευρήματος" }).click();
    await inspector.getByLabel("Επιθεώρηση στην οποία στηρίζεται").selectOption({ index: 1 });
    await press(inspector, "Καταχώριση");
    await go(inspector, "/equipment/sw-1/do/release");
    await inspector.getByLabel("Επιθεώρηση στην οποία στηρίζεται").selectOption({ index: 1 });
    await press(inspector, "Καταχώριση");
    await go(stranger, "/e/sw-1");
    await stranger.getByText("Επιτρέπεται η χρήση").waitFor();
    await go(technician, alert);
    await technician.locator("details.confirm summary").click();
    await technician.locator("textarea[name=note]").fill("ραγισμένη δοκός, αλλάχτηκε");
    await press(technician, "Λήξη της ειδοποίησης");
    await technician.getByText("συναγερμός · έληξε").waitFor();
  });

  await check("a rule is tried on the past before it is kept, and one that cannot be is said to be so in its form", async () => {
    await measure("bin-1", "bin_fill", 95);
    await go(operator, "/alerts/rule");
    const field = (name) => operator.locator(`.sheet [name=${name}]`);
    await field("code").fill("bin-half");
    await field("name_el").fill("Κάδος πάνω από τη μέση");
    await field("quantity").selectOption("bin_fill");
    await field("level").fill("πολύ");
    await field("instructions_el").fill("Στο επόμενο δρομολόγιο");
    await press(operator, "Δοκιμή στον τελευταίο μήνα");
    await operator.getByRole("alert").filter({ hasText: "level: δεν είναι αριθμός" }).waitFor();
    assert.equal(await field("name_el").inputValue(), "Κάδος πάνω από τη μέση", "what was typed stays");
    operator.problems = operator.problems.filter((problem) => !problem.includes("422"));
    await field("level").fill("50");
    await press(operator, "Δοκιμή στον τελευταίο μήνα");
    await operator.getByText("Τις τελευταίες 30 ημέρες θα είχε ειδοποιήσει μία φορά").waitFor();
    await press(operator, "Αποθήκευση");
    await operator.locator("#r-bin-half").getByText("γραμμένος εδώ").waitFor();
    await measure("bin-1", "bin_fill", 96);
    await go(operator, "/alerts");
    await operator.locator("#raised li").filter({ hasText: "Κάδος πάνω από τη μέση" }).waitFor({ timeout: 30_000 });
  });

  await check("a shift is handed over with what is open, what was done and what is said; maintenance is planned", async () => {
    await go(operator, "/alerts/shift");
    await operator.locator("textarea[name=text]").fill("Η κούνια δόθηκε σε χρήση.");
    await operator.getByLabel("Παράδοση σε").selectOption({ label: "Βάρδια Νύχτας" });
    await press(operator, "Παράδοση βάρδιας");
    await go(wall, "/alerts/shift");
    await wall.getByText("Παράδοση βάρδιας σε Βάρδια Νύχτας").waitFor();
    await press(wall, "Παραλαβή βάρδιας");
    await wall.locator(".history li").filter({ hasText: "Παραλαβή βάρδιας" }).waitFor();
    await go(operator, "/alerts/maintenance?subject=zone/DKD");
    await operator.locator("#add [name=note]").fill("Διακοπή ρεύματος");
    await press(operator, "Δήλωση");
    await operator.getByText("σε εξέλιξη").waitFor();
  });

  await check("every page, in both languages, on a phone and on a desk, light and dark", async () => {
    const wrong = [];
    for (const [page, name, path] of [
      [operator, "list", "/alerts"], [technician, "one", alert], [operator, "rules", "/alerts/rules?try=bin-half"], [operator, "rule", "/alerts/rule?code=impact"],
      [operator, "on-call", "/alerts/on-call"], [operator, "shift", "/alerts/shift"], [operator, "maintenance", "/alerts/maintenance"], [operator, "delivery", "/alerts/delivery"], [wall, "wall", "/alerts/wall"],
    ]) wrong.push(...await everyLook(page, name, path));
    const problems = [operator, inspector, technician, wall, stranger].flatMap((page) => page.problems);
    assert.deepEqual([...wrong, ...problems], []);
  });

  await check("where notices do not arrive, the page says by which way, why, and when it is tried again", async () => {
    // Nobody listens on port 1.
    city.configure({
      http: new URL(city.http).host,
      more: `[delivery.smtp]
host = "127.0.0.1"
port = 1
tls = "starttls"
from = "gateway@example.gr"
[[delivery.webhook]]
name = "ops"
url = "http://127.0.0.1:1/"
[delivery.heartbeat]
url = "http://127.0.0.1:1/"
`,
    });
    await city.kill();
    await city.start();
    await go(operator, "/alerts/delivery");
    await operator.getByText("ο λογαριασμός σας δεν έχει ηλεκτρονική διεύθυνση").waitFor();
    await operator.getByRole("button", { name: /^Δοκιμή .*ops$/ }).click();
    await operator.getByText("καμία σύνδεση: Connection refused").waitFor({ timeout: 30_000 });
    await operator.getByText("νέα προσπάθεια").waitFor();
    assert.deepEqual([...await everyLook(operator, "delivery-away", "/alerts/delivery"), ...operator.problems], []);
  });
} finally {
  await browser?.close();
  city.process?.kill("SIGTERM");
  await sleep(200);
  if (anyFailed() && city.log) console.log(city.log.slice(-2000).replace(/\/welcome\/\S+/g, "/welcome/…"));
  if (!process.env.KEEP) city.remove();
}
finish();
