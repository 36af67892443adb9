// Every page in light and in dark, and on a phone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible } from '../axe.mjs';
import { navigation } from '../steps.mjs';

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

export default function looks(house) {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing on any page, ${colorScheme}`, async () => {
      await everyPage(house, { colorScheme }, (page, name) => assertAccessible(page, `${name}, ${colorScheme}`));
    });
  }

  test('no page is wider than a phone', async () => {
    await everyPage(house, PHONE, async (page, name) => {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${name} is ${wide} pixels wider than the phone`);
    });
  });
}

/** Calls `check` on every page of the navigation of every role, on the pages before signing in, and on one X-ray. */
async function everyPage(house, options, check) {
  const go = async (page, address) => {
    await page.goto(address);
    await check(page, address);
  };
  const nobody = async (page) => {
    for (const address of ['/login', '/register', '/no-such-page']) await go(page, address);
  };
  await house.visit(null, nobody, options);
  for (const who of ['admin', 'doctor', 'patient']) {
    const story = async (page) => {
      const addresses = await navigation(page);
      for (const address of [...addresses, ...(await some(page, addresses))]) await go(page, address);
    };
    await house.visit(who, story, options);
  }
}

/** One X-ray, one patient, and a filtered list, where there are such pages. */
async function some(page, addresses) {
  const found = addresses.includes('/worklist') ? ['/worklist?validated=false', '/patients/new'] : [];
  for (const list of ['/worklist', '/patients', '/my'].filter((one) => addresses.includes(one))) {
    await page.goto(list);
    const link = page.locator('main a[href^="/xrays/"], main a[href^="/patients/"]:not([href$="/new"])').first();
    if (await link.count()) found.push(await link.getAttribute('href'));
  }
  return found;
}
