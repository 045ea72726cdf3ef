// What the tests of this folder have in common: a browser, and a person at the console. In the environment, SERVER is the URL of
// a fresh server, ending in /v1, BROWSER is the program, and PICTURES is a folder for pictures, if somebody wants to look.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { SERVER, BROWSER, PICTURES } = process.env;

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: BROWSER,
    args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"], // nothing but what runs here
  });
});
after(() => browser?.close());

/** Asks the service, without the console. */
export async function api(path, { authorization, method = "GET", body } = {}) {
  const headers = { "Content-Type": "application/json" };
  if (authorization) headers.Authorization = authorization;
  const answer = await fetch(SERVER + path, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, ...(await answer.json()) };
}

/** Makes an account, with the password "secret". */
export async function register(name) {
  const { status } = await api(`/accounts/${name}`, { method: "PUT", body: { data: { password: "secret" } } });
  assert.equal(status, 201);
  return { id: `account:${name}`, authorization: "Basic " + btoa(`${name}:secret`) };
}

/** Opens the console in a window of its own. What the browser complains of is a failure, unless the test expects it. */
export async function open(t, url, ...expected) {
  const context = await browser.newContext({ viewport: { width: 1300, height: 1000 } });
  context.setDefaultTimeout(30000);
  await context.addInitScript(() => {
    // The notification that says something.
    window.noteOf = (text) => [...document.querySelectorAll(".notifications .alert")].find((note) => note.textContent.includes(text));
  });
  const page = await context.newPage();
  const person = new Person(page, t.name);
  t.after(async () => {
    await person.shot();
    await context.close();
    assert.deepEqual(person.complaints, []);
  });
  person.expect(...expected);
  await page.goto(url);
  return person;
}

/** Person is who uses the console. */
class Person {
  complaints = [];
  #expected = [];
  #loading = new Set();
  #shots = 0;

  constructor(page, name) {
    this.page = page;
    this.name = name;
    page.on("request", (request) => this.#loading.add(request));
    page.on("requestfinished", (request) => this.#loading.delete(request));
    page.on("requestfailed", (request) => this.#loading.delete(request));
    page.on("dialog", (dialog) => dialog.accept());
    page.on("pageerror", (error) => this.#complain(`exception: ${error}`));
    page.on("console", (m) => m.type() === "error" && this.#complain(`${m.text()} ${m.location().url}`));
    page.on("requestfailed", (r) => this.#complain(`${r.method()} ${r.url()}: ${r.failure().errorText}`));
  }

  #complain(text) {
    if (!this.#expected.some((pattern) => pattern.test(text))) this.complaints.push(text);
  }

  /** Says what the browser may complain of from now on. */
  expect(...patterns) {
    this.#expected.push(...patterns);
  }

  /** Waits until the page says something. */
  async reads(text) {
    await this.page.getByText(text).first().waitFor();
  }

  /** Waits for a notification, and puts it away. */
  async isTold(text) {
    await this.page.waitForFunction((text) => noteOf(text), text);
    await this.shot();
    await this.page.evaluate((text) => noteOf(text)?.querySelector("button.close").click(), text);
    await this.page.waitForFunction((text) => !noteOf(text), text);
  }

  /** Waits until nothing is being loaded: a form that is replaced by what has come forgets what was typed. */
  async rests() {
    const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    do await this.page.evaluate(frames);
    while (this.#loading.size > 0 || (await this.page.locator(".spinner").count()) > 0);
  }

  /** Follows a link. */
  async follows(name, within = this.page) {
    await this.rests();
    await within.getByRole("link", { name, exact: true }).first().click();
  }

  /** Presses a button. */
  async presses(name) {
    await this.rests();
    await this.page.getByRole("button", { name }).first().click();
  }

  /** Fills in a field by the id that the form gives it, "root_" left out. */
  async fills(field, text) {
    await this.rests();
    await this.page.locator(`#root_${field}`).fill(text);
  }

  /** Writes a value into one of the editors for JSON on the page. */
  async writes(value, nth = 0) {
    await this.rests();
    const editor = this.page.locator(".CodeMirror").nth(nth);
    await editor.evaluate((element, text) => element.CodeMirror.setValue(text), JSON.stringify(value, null, 2));
  }

  /** Logs in with what the form calls a method. */
  async signsIn(method, { username, password } = {}) {
    await this.page.getByLabel(method, { exact: true }).check();
    if (username) {
      await this.fills("credentials_username", username);
      await this.fills("credentials_password", password);
    }
    await this.presses("Sign in using " + method);
  }

  /** Goes to a place of the console. */
  async visits(place) {
    await this.page.evaluate((hash) => (window.location.hash = hash), place);
    await this.rests();
  }

  /** Takes a picture of the page. */
  async shot() {
    if (!PICTURES) return;
    const number = String(++this.#shots).padStart(2, "0");
    await this.page.screenshot({ path: join(PICTURES, `${this.name} ${number}.png`.replaceAll(/[^\w.]+/g, "-")), fullPage: true });
  }
}
