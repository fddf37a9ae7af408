// Work in the street as an inspector meets it: the day taken along, a round without signal, an urgent finding with a photograph,
// a reload and a closed page, what was signed arriving once, a sign-in that ended, somebody else's phone.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { City, sleep } from "./city.mjs";
import { anyFailed, binary, check, faults, finish, launch, open, shots, wanted } from "./harness.mjs";

const PASSWORD = "correct horse battery staple";
const LOOKS = [["el", 1280, "light"], ["el", 360, "dark"], ["en", 1280, "dark"], ["en", 360, "light"], ["el", 360, "light"]];
const days = (n) => new Date(Date.now() - n * 86_400_000).toISOString().slice(0, 10);
/** Equipment: two playgrounds with their pieces, and a lift. */
const ASSETS = [
  { id: "pg-toumba", kind: "playground", name_el: "Παιδική χαρά Τούμπας", name_en: "Toumba playground", site: "toumba", known_from: days(9) },
  { id: "pg-toumba-swing", parent: "pg-toumba", kind: "swing", name_el: "Κούνια <διπλή>", name_en: "Double swing", known_from: days(9) },
  { id: "pg-toumba-slide", parent: "pg-toumba", kind: "slide", name_el: "Τσουλήθρα", name_en: "Slide", known_from: days(9) },
  { id: "pg-kallithea", kind: "playground", name_el: "Παιδική χαρά Καλλιθέας", name_en: "Kallithea playground", site: "kallithea", known_from: days(3) },
  { id: "pg-kallithea-net", parent: "pg-kallithea", kind: "net", name_el: "Δίχτυ", name_en: "Net", known_from: days(3) },
];

const city = new City(binary);
let browser;

/** Puts equipment on record while the gateway is not there: no page adds it yet. */
function equip() {
  const rows = ASSETS.map((asset) => [asset.id, asset.parent ?? null, JSON.stringify(asset)]);
  const work = "import json,sqlite3,sys\nfile=sqlite3.connect(sys.argv[1])\nfile.executemany('INSERT INTO asset(id,parent,json) VALUES(?,?,?)',json.load(sys.stdin))\nfile.commit()";
  execFileSync("python3", ["-c", work, join(city.folder, "data", "records.db")], { input: JSON.stringify(rows) });
}

/** A picture as a phone's camera makes it, large, each pixel another. */
function picture(width = 2400, height = 1800) {
  const chunk = (kind, body) => {
    const data = Buffer.concat([Buffer.from(kind), body]);
    const out = Buffer.alloc(8 + data.length);
    out.writeUInt32BE(body.length, 0);
    data.copy(out, 4);
    out.writeUInt32BE(crc32(data), 4 + data.length);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows.set([(x * 7) & 255, (y * 5) & 255, (x ^ y) & 255], y * (1 + width * 3) + 1 + x * 3);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}
const photo = () => ({ name: "IMG_1.png", mimeType: "image/png", buffer: picture() });

async function signIn(page, login) {
  await page.goto(`${city.http}/sign-in?next=/field`);
  await page.getByLabel("Όνομα σύνδεσης").fill(login);
  await page.getByLabel("Κωδικός πρόσβασης").fill(PASSWORD);
  await page.getByRole("button", { name: "Σύνδεση" }).click();
  await page.waitForURL("**/field");
}

const unsent = (page, n) => page.locator(`#unsent[data-count="${n}"]`).waitFor();
const status = (page, id) => page.evaluate(async (id) => (await (await fetch("/field/day")).json()).units.flatMap((unit) => unit.assets).find((asset) => asset.id === id), id);
/** Changes what the outbox holds, as time or an accident would. */
async function rewrite(page, change) {
  const entries = await page.evaluate(() => new Promise((resolve) => {
    indexedDB.open("field").onsuccess = ({ target }) => { target.result.transaction("outbox").objectStore("outbox").getAll().onsuccess = (event) => resolve(event.target.result); };
  }));
  await page.evaluate((entries) => new Promise((resolve, reject) => {
    indexedDB.open("field").onsuccess = ({ target }) => {
      const work = target.result.transaction("outbox", "readwrite");
      for (const entry of entries) work.objectStore("outbox").put(entry);
      work.oncomplete = resolve;
      work.onerror = reject;
    };
  }), entries.map(change));
}
/** Waits until the gateway says so of an asset. */
async function arrived(page, id, holds) {
  for (let tries = 0; !holds(await status(page, id)); tries++) {
    assert.ok(tries < 100, JSON.stringify(await status(page, id)));
    await sleep(100);
  }
}
const shot = (page, name) => shots && page.screenshot({ path: join(shots, `field-${name}.png`), fullPage: true });
/** Rows of the database, as an auditor would count them. */
const steps = (sql) => Number(execFileSync("python3", ["-c", "import sqlite3,sys\nprint(sqlite3.connect('file:'+sys.argv[1]+'?mode=ro',uri=True).execute(sys.argv[2]).fetchone()[0])", join(city.folder, "data", "records.db"), sql], { encoding: "utf8" }));

/** What the browser itself writes when there is no connection, or a sign-in has ended. */
const expected = /ERR_INTERNET_DISCONNECTED|ERR_FAILED|401|Failed to load resource/;
const problems = (page) => page.problems.filter((problem) => !expected.test(problem));

async function everyLook(page, name) {
  const wrong = [];
  const size = page.viewportSize();
  for (const [lang, width, scheme] of LOOKS) {
    await page.setViewportSize({ width, height: width < 500 ? 780 : 900 });
    await page.emulateMedia({ colorScheme: scheme });
    const address = new URL(page.url());
    await page.goto(`${city.http}/field?lang=${lang}${address.hash}`);
    await page.locator("#unsent[data-count]").waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
    wrong.push(...await faults(page, `${name} ${lang} ${width} ${scheme}`));
    await shot(page, `${name}-${lang}-${width}-${scheme}`);
  }
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: "light" });
  return wrong;
}

if (wanted("field")) try {
  city.configure({ demonstration: false, read: "token" });
  const secret = join(city.folder, "password");
  writeFileSync(secret, PASSWORD);
  for (const [login, role] of [["maria", "inspector"], ["nikos", "inspector"], ["petros", "operator"]]) {
    execFileSync(binary, ["user", "--config", city.config, "add", login, "--role", role, "--password-file", secret]);
  }
  equip();
  await city.start();
  browser = await launch();
  let phone = await open(browser, [city.http], { width: 360 });
  const street = phone.context();

  await check("a stranger is led to sign in, and an inspector finds the page in the list of what else there is", async () => {
    await phone.goto(`${city.http}/field`);
    assert.equal(new URL(phone.url()).pathname, "/sign-in");
    await signIn(phone, "maria");
    await phone.goto(`${city.http}/more`);
    await phone.getByRole("link", { name: "Εργασία πεδίου" }).click();
    await phone.waitForURL("**/field");
  });

  await check("the day is loaded by one button, the most overdue first, and the page is kept for when there is no signal", async () => {
    await phone.getByText("Δεν έχει φορτωθεί").waitFor();
    await shot(phone, "empty-el-360");
    await phone.getByRole("button", { name: "Προετοιμασία για το πεδίο" }).click();
    await phone.getByText(/Φορτώθηκε σήμερα .* 2 σημεία ελέγχου/).waitFor();
    await phone.getByText("Η σελίδα ανοίγει και χωρίς σύνδεση").waitFor();
    assert.deepEqual(await phone.locator("li.visit .entry > b").allTextContents(), ["Παιδική χαρά Τούμπας", "Παιδική χαρά Καλλιθέας"]);
    await phone.getByLabel("Εύρεση").fill("ΚΑΛΛΙΘΕΑ δίχτυ");
    assert.deepEqual(await phone.locator("li.visit .entry > b").allTextContents(), ["Παιδική χαρά Καλλιθέας"], "found without accents");
    await phone.getByLabel("Εύρεση").fill("");
    assert.deepEqual([...await faults(phone, "list"), ...problems(phone)], []);
  });

  await check("without signal: three taps sign a round in which all is well", async () => {
    await street.setOffline(true);
    assert.equal(await phone.evaluate(() => fetch("/healthz").then(() => "there", () => "away")), "away");
    await phone.getByRole("button", { name: "Τακτικός οπτικός έλεγχος: Παιδική χαρά Καλλιθέας" }).click();
    await phone.getByLabel("Το είδα").check();
    await phone.getByRole("button", { name: "Όλα σε τάξη, υπογραφή και τέλος" }).click();
    await unsent(phone, 1);
    await phone.getByText("έγινε από αυτό το κινητό").first().waitFor();
    assert.match(await phone.locator("#banner").textContent(), /Χωρίς σύνδεση/);
  });

  await check("a finding with a blurred photograph survives a reload half-way, without signal", async () => {
    await phone.getByRole("button", { name: "Τακτικός οπτικός έλεγχος: Παιδική χαρά Τούμπας" }).click();
    await phone.getByRole("button", { name: "Εύρημα: Κούνια <διπλή>" }).click();
    await phone.getByLabel("Σε ποιο σημείο").selectOption("seat");
    await phone.getByRole("radio", { name: /Επείγον/ }).check({ force: true });
    await phone.getByLabel("Τι δεν είναι σε τάξη").fill("Σπασμένο κάθισμα");
    await phone.locator(".finding input[type=file]").setInputFiles(photo());
    const canvas = phone.locator("dialog canvas");
    await canvas.waitFor();
    const colours = () => canvas.evaluate((c) => {
      const { data } = c.getContext("2d").getImageData(c.width * 0.3, c.height * 0.3, 40, 40);
      const seen = new Set();
      for (let n = 0; n < data.length; n += 4) seen.add(`${data[n]},${data[n + 1]},${data[n + 2]}`);
      return seen.size;
    });
    const sharp = await colours();
    const box = await canvas.boundingBox();
    await phone.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.2);
    await phone.mouse.down();
    await phone.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5, { steps: 4 });
    await shot(phone, "blur-el-360");
    await phone.mouse.up();
    const blurred = await colours();
    assert.ok(sharp > 100 && blurred <= 9, `${sharp} colours, then ${blurred}`);
    assert.deepEqual(await faults(phone, "photo"), []);
    await phone.getByRole("button", { name: "Κρατήστε τη" }).click();
    await phone.locator(".photos img").waitFor();
    await phone.waitForFunction(() => new Promise((resolve) => {
      indexedDB.open("field").onsuccess = ({ target }) => {
        target.result.transaction("drafts").objectStore("drafts").getAll().onsuccess = (event) => {
          const found = event.target.result[0]?.findings[0];
          resolve(found?.text === "Σπασμένο κάθισμα" && found.severity === "urgent" && found.photos.length === 1);
        };
      };
    }));
    await phone.reload();
    await phone.getByRole("heading", { level: 1, name: "Τακτικός οπτικός έλεγχος" }).waitFor();
    assert.equal(await phone.getByLabel("Τι δεν είναι σε τάξη").inputValue(), "Σπασμένο κάθισμα");
    assert.ok(await phone.getByRole("radio", { name: /Επείγον/ }).isChecked());
    assert.equal(await phone.locator(".photos img").count(), 1);
    assert.deepEqual(await faults(phone, "round"), []);
    await shot(phone, "round-el-360");
  });

  await check("it is not signed without the tick; then it is, and the swing stands on top, to be barred", async () => {
    await phone.getByRole("button", { name: "Υπογραφή και τέλος" }).click();
    await phone.getByRole("alert").getByText("η επιβεβαίωσή σας").waitFor();
    await phone.getByLabel("Το είδα").check();
    await phone.getByRole("button", { name: "Υπογραφή και τέλος" }).click();
    await unsent(phone, 2);
    await phone.getByRole("button", { name: /Ακινητοποίηση: Κούνια <διπλή>/ }).waitFor();
    assert.deepEqual(await faults(phone, "urgent"), []);
    await shot(phone, "urgent-el-360");
  });

  await check("the page comes up without signal, after a reload and after it was closed", async () => {
    await phone.reload();
    await unsent(phone, 2);
    const moved = await phone.evaluate(() => new Promise((resolve) => {
      let sum = 0;
      new PerformanceObserver((list) => { for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value; }).observe({ type: "layout-shift", buffered: true });
      // The observer is handed what was before with its first call, at the latest with the next pictures drawn.
      setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum))), 100);
    }));
    assert.ok(moved < 0.01, `what is read moves: ${moved}`);
    const before = phone.problems;
    await phone.close();
    phone = await street.newPage();
    phone.problems = before;
    phone.on("pageerror", (error) => phone.problems.push(String(error)));
    await phone.goto(`${city.http}/field`);
    await unsent(phone, 2);
    await phone.getByRole("link", { name: "2 μη απεσταλμένα" }).click();
    await phone.locator("li.form").nth(1).waitFor();
    assert.equal(await phone.locator("li.form").count(), 2);
    assert.deepEqual(await faults(phone, "outbox"), []);
    await shot(phone, "outbox-el-360");
  });

  await check("with signal again it goes by itself, photographs first; the gateway orders the lock-out", async () => {
    await street.setOffline(false);
    await unsent(phone, 0);
    const swing = await status(phone, "pg-toumba-swing");
    assert.equal(swing.status, "ordered");
    assert.equal(swing.defects.length, 1);
    assert.equal(steps("SELECT count(*) FROM step WHERE kind = 'inspected'"), 2);
    const sum = /[0-9a-f]{64}/.exec(execFileSync("python3", ["-c", "import sqlite3,sys\nprint(sqlite3.connect(sys.argv[1]).execute('SELECT sha256 FROM document').fetchone()[0])", join(city.folder, "data", "records.db")], { encoding: "utf8" }))[0];
    const kept = await phone.evaluate(async (sum) => {
      const bytes = await (await fetch(`/documents/${sum}`)).blob();
      const { width, height } = await createImageBitmap(bytes);
      return [bytes.type, width, height];
    }, sum);
    assert.deepEqual(kept, ["image/jpeg", 1600, 1200]);
    await phone.getByText(/εστάλη σήμερα/).first().waitFor();
  });

  await check("what is sent twice counts once", async () => {
    const before = steps("SELECT count(*) FROM step");
    // As if the answer had been lost on the way; the photographs are gone with the receipt, so the form without one.
    await rewrite(phone, (entry) => (entry.form.defects.length ? entry : { ...entry, state: "waiting", sent_at: null }));
    await phone.reload();
    await unsent(phone, 0);
    assert.equal(await phone.getByText(/εστάλη σήμερα/).count(), 2);
    assert.equal(steps("SELECT count(*) FROM step"), before);
    // A receipt of last week goes, one of this week stays.
    await rewrite(phone, (entry) => (entry.form.defects.length ? { ...entry, sent_at: entry.sent_at - 8 * 86_400_000 } : { ...entry, sent_at: entry.sent_at - 6 * 86_400_000 }));
    await phone.reload();
    await phone.getByText(/εστάλη/).first().waitFor();
    assert.equal(await phone.locator("li.form").count(), 1);
  });

  await check("what is ordered is barred, with a photograph and not without", async () => {
    await phone.goto(`${city.http}/field`);
    await phone.getByRole("button", { name: /Ακινητοποίηση: Κούνια <διπλή>/ }).click();
    await phone.getByLabel("Έγινε από εμένα").check();
    await phone.getByRole("button", { name: "Υπογραφή και τέλος" }).click();
    await phone.getByRole("alert").getByText("μια φωτογραφία").waitFor();
    await phone.locator(".photographs input[type=file]").setInputFiles(photo());
    await phone.locator("dialog canvas").focus();
    await phone.keyboard.press("ArrowRight");
    await phone.keyboard.press("Enter");
    await phone.getByRole("button", { name: "Κρατήστε τη" }).click();
    await phone.locator(".photos img").waitFor();
    await shot(phone, "bar-el-360");
    await phone.getByRole("button", { name: "Υπογραφή και τέλος" }).click();
    await phone.getByText("Υπογράφηκε").first().waitFor();
    await unsent(phone, 0);
    assert.equal((await status(phone, "pg-toumba-swing")).status, "locked_out");
  });

  await check("a full checklist: numbers beyond limits force a finding, nothing is signed unanswered", async () => {
    await phone.goto(`${city.http}/field#unit/pg-toumba`);
    await phone.getByText("Άλλος έλεγχος").or(phone.getByRole("button", { name: "Έλεγχος: Λειτουργικός έλεγχος" })).first().waitFor();
    const button = phone.getByRole("button", { name: "Έλεγχος: Λειτουργικός έλεγχος" });
    if (!await button.isVisible()) await phone.getByText("Άλλος έλεγχος").click();
    await shot(phone, "unit-el-360");
    assert.deepEqual(await faults(phone, "unit"), []);
    await button.click();
    await phone.getByText(/^0 από \d+$/).first().waitFor();
    for (const rest of await phone.getByRole("button", { name: "Τα υπόλοιπα σε τάξη" }).all()) await rest.click();
    await phone.getByLabel("Το είδα").check();
    await phone.getByRole("button", { name: "Υπογραφή και τέλος" }).click();
    await phone.getByRole("alert").getByText("Απόσταση καθίσματος").waitFor();
    const measure = phone.getByLabel(/Τιμή \(≥ 350/);
    await measure.fill("299,5");
    await phone.getByText("Εκτός ορίων: χρειάζεται εύρημα").waitFor();
    const asked = phone.getByRole("group", { name: "Απόσταση καθίσματος από το έδαφος" });
    assert.ok(await asked.getByRole("radio", { name: "Εύρημα" }).isChecked());
    assert.ok(await asked.getByRole("radio", { name: "Σε τάξη" }).isDisabled());
    await shot(phone, "checklist-el-360");
    assert.deepEqual(await faults(phone, "checklist"), []);
    await measure.fill("360");
    await asked.getByRole("radio", { name: "Σε τάξη" }).check({ force: true });
    assert.equal(await phone.locator(".finding").count(), 0);
    await phone.getByRole("button", { name: "Υπογραφή και τέλος" }).click();
    await phone.getByText("Υπογράφηκε").first().waitFor();
    await unsent(phone, 0);
    assert.equal(steps("SELECT count(*) FROM step WHERE json_extract(json, '$.of_type') = 'operational'"), 1);
  });

  await check("work that was ordered is ended with a photograph, and another inspector looks again", async () => {
    const desk = await open(browser, [city.http]);
    await signIn(desk, "petros");
    await desk.evaluate(async () => {
      const day = await (await fetch("/field/day")).json();
      const [defect] = day.units.flatMap((unit) => unit.assets).find((asset) => asset.id === "pg-toumba-swing").defects;
      const deed = { kind: "work_ordered", defects: [defect.uid], text: "Νέο κάθισμα" };
      const form = { form: "step", uid: "order-0001", by: day.person, asset: "pg-toumba-swing", at: Date.now(), deed };
      const answer = await fetch("/field/forms", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ forms: [form] }) });
      const [result] = (await answer.json()).results;
      if (result.state !== "taken") throw new Error(JSON.stringify(result));
    });
    assert.ok(await desk.getByText("Ο ρόλος σας δεν κάνει").count() === 0);
    await desk.context().close();
    await phone.goto(`${city.http}/field#`);
    await phone.getByRole("button", { name: "Νέα φόρτωση" }).click();
    await phone.getByText("1 εντολή εργασίας").waitFor();
    await phone.getByRole("link", { name: /Παιδική χαρά Τούμπας/ }).click();
    await phone.getByRole("button", { name: "Τέλος εργασίας" }).click();
    await phone.getByText("χρειάζεται φωτογραφία").waitFor();
    await phone.getByLabel("Τι έγινε").fill("Άλλαξε το κάθισμα");
    await phone.locator(".photographs input[type=file]").setInputFiles(photo());
    await phone.getByRole("button", { name: "Κρατήστε τη" }).click();
    await phone.locator(".photos img").waitFor();
    await phone.getByLabel("Έγινε από εμένα").check();
    await phone.getByRole("button", { name: "Υπογραφή και τέλος" }).click();
    await arrived(phone, "pg-toumba-swing", (swing) => swing.orders.length === 0);

    const other = await open(browser, [city.http], { width: 360 });
    await other.context().grantPermissions(["geolocation"]);
    await other.context().setGeolocation({ latitude: 40.61, longitude: 22.97 });
    await signIn(other, "nikos");
    await other.getByRole("button", { name: "Προετοιμασία για το πεδίο" }).click();
    await other.getByRole("link", { name: /Παιδική χαρά Τούμπας/ }).click();
    await other.getByRole("button", { exact: true, name: "Επανεπιθεώρηση: Κούνια <διπλή>" }).click();
    await other.getByLabel("Σπασμένο κάθισμα").check();
    await other.getByRole("button", { name: "Τα υπόλοιπα σε τάξη" }).click();
    for (const field of await other.getByLabel(/^Τιμή/).all()) await field.fill("400");
    await other.getByRole("button", { name: "Σημειώστε την απόστασή μου" }).click();
    await other.getByText(/^\d+ μ\. από τη θέση/).waitFor();
    await other.getByLabel("Το είδα ο ίδιος").check();
    await shot(other, "again-el-360");
    assert.deepEqual(await faults(other, "again"), []);
    await other.getByRole("button", { name: "Υπογραφή και τέλος" }).click();
    await other.getByText("Υπογράφηκε").first().waitFor();
    await unsent(other, 0);
    assert.equal(steps("SELECT count(*) FROM step WHERE json_extract(json, '$.of_type') = 'reinspection' AND json_array_length(json, '$.found_well') = 1"), 1);
    const kept = await other.evaluate(() => new Promise((resolve) => {
      indexedDB.open("field").onsuccess = ({ target }) => { target.result.transaction("outbox").objectStore("outbox").getAll().onsuccess = (event) => resolve(JSON.stringify(event.target.result)); };
    }));
    assert.match(kept, /"metres":\d+/);
    assert.ok(!/40\.61|22\.97|latitude/.test(kept), "the number alone is kept");
    assert.deepEqual(problems(other), []);
    await other.context().close();
  });

  await check("every screen in its looks: nothing overflows, axe finds nothing", async () => {
    const wrong = [];
    for (const hash of ["", "unit/pg-toumba", "outbox"]) {
      await phone.goto(`${city.http}/field#${hash}`);
      wrong.push(...await everyLook(phone, hash.split("/")[0] || "list"));
    }
    await phone.goto(`${city.http}/field?lang=el`);
    assert.deepEqual([...wrong, ...problems(phone)], []);
  });

  await check("a day that is not today's is pointed out", async () => {
    const set = (today) => phone.evaluate((today) => new Promise((resolve) => {
      indexedDB.open("field").onsuccess = ({ target }) => {
        const work = target.result.transaction("days", "readwrite");
        const store = work.objectStore("days");
        store.getAll().onsuccess = (event) => { for (const day of event.target.result) store.put({ ...day, today }); };
        work.oncomplete = resolve;
      };
    }), today);
    await set(days(1));
    await phone.reload();
    await phone.getByText("δεν είναι η σημερινή").waitFor();
    assert.deepEqual(await faults(phone, "old"), []);
    await phone.getByRole("button", { name: "Νέα φόρτωση" }).click();
    await phone.getByText("δεν είναι η σημερινή").waitFor({ state: "detached" });
  });

  await check("two windows: one fills a form in, the other says so, takes it over, and nothing is lost", async () => {
    await phone.goto(`${city.http}/field#unit/pg-kallithea`);
    await phone.getByRole("button", { name: "Νέο εύρημα: Δίχτυ" }).click();
    await phone.getByLabel("Τι δεν είναι σε τάξη").fill("Από το πρώτο");
    await phone.getByRole("radio", { name: /Σύσταση/ }).check({ force: true });
    const address = phone.url();
    const second = await street.newPage();
    await second.goto(address);
    await second.getByRole("heading", { level: 1, name: "Ανοιχτό σε άλλο παράθυρο" }).waitFor();
    assert.deepEqual(await faults(second, "elsewhere"), []);
    await shot(second, "elsewhere-el-360");
    await second.getByRole("button", { name: "Συνεχίστε εδώ" }).click();
    await second.waitForFunction(() => document.querySelector("textarea")?.value === "Από το πρώτο");
    await phone.getByRole("heading", { level: 1, name: "Ανοιχτό σε άλλο παράθυρο" }).waitFor();
    await second.getByLabel("Τι δεν είναι σε τάξη").fill("Από το δεύτερο");
    await second.getByRole("link", { name: "Εργασία πεδίου" }).click();
    await second.getByRole("heading", { name: "Αρχισμένα" }).waitFor();
    // It is free again, with what the other wrote.
    await phone.reload();
    await phone.waitForFunction(() => document.querySelector("textarea")?.value === "Από το δεύτερο");
    phone.once("dialog", (dialog) => dialog.accept());
    await phone.getByRole("button", { name: "Διαγραφή προχείρου" }).click();
    await phone.getByRole("heading", { level: 1, name: "Παιδική χαρά Καλλιθέας" }).waitFor();
    await second.close();
  });

  await check("a phone without room says so at once, and keeps what is written when there is room again", async () => {
    await phone.goto(`${city.http}/field#unit/pg-kallithea`);
    await phone.getByRole("button", { name: "Νέο εύρημα: Δίχτυ" }).click();
    const text = phone.getByLabel("Τι δεν είναι σε τάξη");
    await text.waitFor();
    // What a browser does whose disk is full: the transaction is given up when it is to be committed.
    await phone.evaluate(() => {
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (...args) {
        const request = put.apply(this, args);
        request.addEventListener("success", () => this.transaction.abort());
        return request;
      };
      window.roomAgain = () => { IDBObjectStore.prototype.put = put; };
    });
    await text.fill("Γράμματα που δεν χωρούν");
    const alert = phone.getByRole("alert").filter({ hasText: "το κινητό δεν έχει χώρο" });
    await alert.first().waitFor();
    assert.deepEqual(await faults(phone, "full"), []);
    await shot(phone, "full-el-360");
    await phone.getByRole("radio", { name: /Σύσταση/ }).check({ force: true });
    await phone.getByLabel("Το είδα").check();
    await phone.getByRole("button", { name: "Υπογραφή και τέλος" }).click();
    await phone.locator(".sign .wrong").filter({ hasText: "Δεν αποθηκεύτηκε" }).waitFor();
    await unsent(phone, 0);
    await phone.evaluate(() => window.roomAgain());
    await text.fill("Γράμματα που χωρούν");
    await phone.waitForFunction(() => !document.getElementById("banner").textContent.includes("δεν έχει χώρο"));
    await phone.reload();
    await phone.waitForFunction(() => document.querySelector("textarea")?.value === "Γράμματα που χωρούν");
    phone.once("dialog", (dialog) => dialog.accept());
    await phone.getByRole("button", { name: "Διαγραφή προχείρου" }).click();
    await phone.getByRole("heading", { level: 1, name: "Παιδική χαρά Καλλιθέας" }).waitFor();
  });

  await check("a browser that keeps nothing is told apart, with what to do", async () => {
    const closed = await open(browser, [city.http], { width: 360 });
    await closed.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        const request = new EventTarget();
        request.error = new DOMException("refused", "InvalidStateError");
        setTimeout(() => request.onerror());
        return request;
      };
    });
    await signIn(closed, "maria");
    await closed.getByRole("alert").filter({ hasText: "Ανοίξτε την σε κανονικό παράθυρο" }).waitFor();
    await shot(closed, "no-storage-el-360");
    await closed.context().close();
  });

  await check("a draft is given up when that is confirmed, and not before", async () => {
    await phone.goto(`${city.http}/field#unit/pg-kallithea`);
    await phone.getByRole("button", { name: "Νέο εύρημα: Δίχτυ" }).click();
    phone.once("dialog", (dialog) => dialog.dismiss());
    await phone.getByRole("button", { name: "Διαγραφή προχείρου" }).click();
    await phone.getByRole("link", { name: "Εργασία πεδίου" }).click();
    await phone.getByRole("heading", { name: "Αρχισμένα" }).waitFor();
    await phone.getByRole("link", { name: /Νέο εύρημα: Δίχτυ/ }).click();
    phone.once("dialog", (dialog) => dialog.accept());
    await phone.getByRole("button", { name: "Διαγραφή προχείρου" }).click();
    await phone.getByRole("heading", { level: 1, name: "Παιδική χαρά Καλλιθέας" }).waitFor();
    await phone.getByRole("link", { name: "Εργασία πεδίου" }).click();
    await phone.getByRole("heading", { level: 1, name: "Η εργασία της ημέρας" }).waitFor();
    assert.equal(await phone.getByRole("heading", { name: "Αρχισμένα" }).count(), 0);
  });

  await check("a sign-in that ended while away loses nothing, and does not take the page's place", async () => {
    await street.setOffline(true);
    await phone.getByRole("link", { name: "Παιδική χαρά Καλλιθέας" }).click();
    await phone.getByRole("button", { name: "Νέο εύρημα: Δίχτυ" }).click();
    await phone.getByRole("radio", { name: /Σύσταση/ }).check({ force: true });
    await phone.getByLabel("Τι δεν είναι σε τάξη").fill("Χαλαρός κόμπος");
    await phone.getByLabel("Το είδα").check();
    await phone.getByRole("button", { name: "Υπογραφή και τέλος" }).click();
    await unsent(phone, 1);
    await street.clearCookies({ name: "session" });
    await street.setOffline(false);
    await phone.getByText("Συνδεθείτε ξανά· 1 έντυπο περιμένει").waitFor();
    await phone.goto(`${city.http}/field`);
    await phone.getByText("Συνδεθείτε ξανά· 1 έντυπο περιμένει").waitFor();
    assert.deepEqual(await faults(phone, "signed-out"), []);
    await shot(phone, "signed-out-el-360");
    await street.setOffline(true);
    await phone.reload();
    await unsent(phone, 1);
    await street.setOffline(false);
  });

  await check("somebody else on the same phone sees that it waits, and cannot send it", async () => {
    await signIn(phone, "nikos");
    await phone.getByText("1 έντυπο άλλου προσώπου περιμένει").waitFor();
    await phone.getByRole("button", { name: "Προετοιμασία για το πεδίο" }).click();
    await phone.getByText(/Φορτώθηκε σήμερα/).waitFor();
    await unsent(phone, 0);
    await phone.goto(`${city.http}/field#outbox`);
    assert.equal(await phone.locator("li.form").count(), 0);
    await shot(phone, "others-el-360");
    assert.equal((await status(phone, "pg-kallithea-net")).defects.length, 0);
    await signIn(phone, "maria");
    await arrived(phone, "pg-kallithea-net", (net) => net.defects.length === 1);
    await unsent(phone, 0);
  });

  await check("what is refused stays with its reason until it is put aside, and comes out as a file", async () => {
    await street.setOffline(true);
    await phone.goto(`${city.http}/field#unit/pg-kallithea`);
    await phone.getByRole("button", { name: "Νέο εύρημα: Δίχτυ" }).click();
    await phone.getByRole("radio", { name: /Σημαντικό/ }).check({ force: true });
    await phone.getByLabel("Τι δεν είναι σε τάξη").fill("Κομμένο σχοινί");
    await phone.getByLabel("Το είδα").check();
    await phone.getByRole("button", { name: "Υπογραφή και τέλος" }).click();
    await unsent(phone, 1);
    // As a phone whose clock was two months behind would have signed it.
    await rewrite(phone, (entry) => (entry.state === "waiting" ? { ...entry, form: { ...entry.form, at: entry.form.at - 61 * 86_400_000 } } : entry));
    await street.setOffline(false);
    await phone.goto(`${city.http}/field#outbox`);
    await phone.getByText("δεν έγινε δεκτό").waitFor();
    await phone.getByText("Οι ώρες δεν στέκουν").waitFor();
    await unsent(phone, 1);
    await shot(phone, "refused-el-360");
    assert.deepEqual(await faults(phone, "refused"), []);
    phone.once("dialog", (dialog) => dialog.dismiss());
    await phone.getByRole("button", { name: "Στην άκρη…" }).click();
    await unsent(phone, 1);
    phone.once("dialog", (dialog) => dialog.accept());
    await phone.getByRole("button", { name: "Στην άκρη…" }).click();
    await unsent(phone, 0);
    const [file] = await Promise.all([phone.waitForEvent("download"), phone.getByRole("button", { name: "Λήψη ως αρχείο" }).click()]);
    assert.match(file.suggestedFilename(), /^defect-.*\.json$/);
    assert.deepEqual(problems(phone), []);
  });
} finally {
  await browser?.close();
  city.process?.kill("SIGTERM");
  if (anyFailed() && city.log) console.log(city.log.slice(-2000).replace(/\/welcome\/\S+/g, "/welcome/…"));
  if (!process.env.KEEP) city.remove();
}
finish();
