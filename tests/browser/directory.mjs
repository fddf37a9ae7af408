// Signing in by the city's own directory: a certified OpenID provider with its own sign-in page, and the gateway.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Provider from "oidc-provider";
import { City } from "./city.mjs";
import { binary, check, faults, finish, launch, open, shots } from "./harness.mjs";

const NAME = "Κατάλογος <Δήμου>";
const PASSWORD = "correct horse battery staple";
/** Whom the directory knows: its subject, and what it calls them. */
const KNOWN = { s1: "eleni", s2: "eleni", s3: "nikos", s4: "stranger" };

const free = () => new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

const [port, providerPort] = [await free(), await free()];
const home = `http://127.0.0.1:${port}`;
const issuer = `http://127.0.0.1:${providerPort}`;
// The provider says at length that its keys and pages are for tests.
console.warn = console.info = () => {};
const provider = new Provider(issuer, {
  clients: [{ client_id: "city-gateway", client_secret: "pa ss:w+rd%", redirect_uris: [`${home}/sign-in/directory/back`] }],
  claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email", "email_verified"] },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, preferred_username: KNOWN[sub], email: "shared@example.gr", email_verified: false }) }),
});
const server = createServer(provider.callback());
const serve = () => new Promise((resolve) => server.listen(providerPort, "127.0.0.1", resolve));
await serve();

const city = new City(binary);
const password = join(city.folder, "password");
writeFileSync(password, PASSWORD);
writeFileSync(join(city.folder, "oidc.secret"), "pa ss:w+rd%\n", { mode: 0o600 });
writeFileSync(city.config, `data_dir = "data"
[listen]
mqtt = "127.0.0.1:0"
http = "127.0.0.1:${port}"
public_url = "${home}"
[oidc]
issuer = "${issuer}"
client_id = "city-gateway"
client_secret_file = "oidc.secret"
name = "${NAME}"
`);
city.configure = () => {};
const run = (...words) => execFileSync(binary, [...words, "--config", city.config], { encoding: "utf8" });

let browser;
const at = (how) => open(browser, [home, issuer], { lang: "en", ...how });
/** Through the directory's own sign-in page, as far as it leads. */
const through = async (page, subject) => {
  await page.getByRole("link", { name: `Sign in with ${NAME}` }).click();
  await page.locator("input[name=login]").fill(subject);
  await page.locator("input[name=password]").fill("whatever the directory asks");
  await page.locator("button[type=submit]").click();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL((url) => url.href.startsWith(home));
};

try {
  run("user", "add", "eleni", "--role", "operator", "--password-file", password);
  run("user", "add", "nikos", "--role", "administrator", "--password-file", password);
  await city.start();
  browser = await launch();

  await check("the directory lets in whoever has an account here, where they wanted to go", async () => {
    const page = await at();
    await page.goto(`${home}/nodes`);
    assert.match(page.url(), /\/sign-in\?next=/);
    await through(page, "s1");
    assert.equal(page.url(), `${home}/nodes`);
    assert.match(await page.locator("header").textContent(), /Sign out/);
    // The way there is forgotten; the session's cookie is out of reach of scripts.
    const cookies = await page.context().cookies(home);
    assert.deepEqual(cookies.filter((cookie) => cookie.name === "directory"), []);
    assert.ok(cookies.find((cookie) => cookie.name === "session")?.httpOnly);
    await page.context().close();
  });

  await check("another subject by the same name, and one without an account, are told so and leave a trace", async () => {
    for (const subject of ["s2", "s4"]) {
      const page = await at({ width: 360 });
      await page.goto(`${home}/sign-in`);
      await through(page, subject);
      assert.match(await page.locator(".wrong").textContent(), /no account in force here/);
      assert.deepEqual(await faults(page, subject), []);
      await page.goto(`${home}/nodes`);
      assert.match(page.url(), /\/sign-in/);
      await page.context().close();
    }
    const log = run("audit", "list", "--top", "50");
    assert.match(log, /bind to directory/);
    assert.equal(log.split("\n").filter((line) => /sign in.*REFUSED|REFUSED.*sign in/.test(line)).length, 2, log);
  });

  await check("an administrator of the directory sets up codes before anything else", async () => {
    const page = await at();
    await page.goto(`${home}/sign-in`);
    await through(page, "s3");
    await page.goto(`${home}/certificates`);
    assert.equal(await page.getByRole("heading", { level: 1, name: "Certificates" }).count(), 0);
    await page.goto(`${home}/account`);
    assert.match(await page.locator("main").textContent(), /As an administrator you sign in with a one-time code too/);
    await page.context().close();
  });

  await check("a way back that did not begin in this browser is not believed", async () => {
    const page = await at();
    await page.goto(`${home}/sign-in/directory/back?state=made-up&code=made-up`);
    assert.match(await page.locator(".wrong").textContent(), /began in another browser/);
    await page.goto(`${home}/sign-in/directory/back?error=access_denied`);
    assert.match(await page.locator(".wrong").textContent(), /did not sign you in/);
    // What a thief of an address has: state and code of somebody else's browser.
    const begun = await fetch(`${home}/sign-in/directory`, { redirect: "manual" });
    const state = new URL(begun.headers.get("location")).searchParams.get("state");
    await page.goto(`${home}/sign-in/directory/back?state=${state}&code=any`);
    assert.match(await page.locator(".wrong").textContent(), /began in another browser/);
    await page.context().close();
  });

  await check("a sign-in never leads to another host", async () => {
    const page = await at();
    await page.goto(`${home}/sign-in?next=${encodeURIComponent("//example.org/")}`);
    await through(page, "s1");
    assert.equal(page.url(), `${home}/`);
    await page.context().close();
  });

  await check("with the directory away the page says so, and a password still lets in", async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await city.kill();
    await city.start();
    for (const lang of ["el", "en"]) {
      for (const scheme of ["light", "dark"]) {
        const page = await at({ lang, scheme, width: scheme === "dark" ? 360 : 1280 });
        await page.goto(`${home}/sign-in/directory?next=/nodes`);
        assert.match(await page.locator(".wrong").textContent(), lang === "en" ? /does not answer now/ : /δεν απαντά/);
        assert.deepEqual(await faults(page, `${lang} ${scheme}`), []);
        if (shots) await page.screenshot({ path: join(shots, `directory-${lang}-${scheme}.png`), fullPage: true });
        await page.context().close();
      }
    }
    const page = await at();
    await page.goto(`${home}/sign-in`);
    await page.getByLabel("Login").fill("eleni");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    assert.equal(page.url(), `${home}/`);
    await page.context().close();
  });
  assert.ok(!city.log.includes("w+rd"), "the secret is never logged");
} finally {
  await browser?.close();
  await city.kill();
  city.remove();
  server.close();
}
finish();
