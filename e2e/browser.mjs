// A real Chromium, and visits to the site that notice what should not happen: script errors, breaches of the content
// security policy, requests to anywhere else.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
// What Chromium itself writes to the console for an answer that a journey asks for on purpose.
const EXPECTED = /^Failed to load resource: the server responded with a status of (4\d\d)/;

export function launch() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/** Visits to one site. Signing in happens once per account; later visits take the cookie with them. */
export class House {
  #states = new Map();

  constructor(browser, site) {
    this.browser = browser;
    this.site = site;
  }

  /** Calls `story(page)` as somebody, or as nobody; then checks that nothing bad was noticed. */
  async visit(who, story, options = {}) {
    const storageState = who ? await this.#state(who) : undefined;
    const context = await this.browser.newContext({ baseURL: this.site.address, storageState, ...options });
    context.setDefaultTimeout(15_000);
    const noticed = [];
    watch(context, this.site.address, noticed);
    try {
      const page = await context.newPage();
      await story(page, context);
    } finally {
      await context.close();
    }
    assert.deepEqual(noticed, [], 'what the browser complained about');
  }

  async #state(who) {
    if (!this.#states.has(who)) {
      const context = await this.browser.newContext({ baseURL: this.site.address });
      const page = await context.newPage();
      await signIn(page, who, this.site.passwords[who]);
      this.#states.set(who, await context.storageState());
      await context.close();
    }
    return this.#states.get(who);
  }
}

function watch(context, address, noticed) {
  context.on('console', (message) => {
    const bad = message.type() === 'error' || /content security policy/i.test(message.text());
    if (bad && !EXPECTED.test(message.text())) noticed.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => noticed.push(`script: ${error.error().message}`));
  context.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !/^(data|blob):/.test(url)) noticed.push(`request elsewhere: ${url}`);
  });
}

export async function signIn(page, username, password) {
  await page.goto('/login');
  await page.fill('input[name=username]', username);
  await page.fill('input[name=password]', password);
  await submit(page, 'form[action="/login"]');
  assert.ok(!page.url().includes('/login'), `signing in as ${username}`);
}

/** Presses the form's own button and waits for the page that follows. */
export async function submit(page, form) {
  await Promise.all([page.waitForEvent('load'), page.locator(`${form} [type=submit], ${form} button:not([type])`).first().click()]);
}
