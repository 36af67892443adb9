// The worklist by keyboard alone, and its filters.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { film } from '../films.mjs';
import { newPatient, openUploaded, upload } from '../steps.mjs';

export default function worklist(house) {
  test('by keyboard alone: sign in, walk the worklist, open an X-ray, settle it', async () => {
    await house.visit('doctor', async (page) => {
      await upload(page, await newPatient(page, 'Keyboard Example'), [film('lung-opacity-2.jpeg')]);
      await openUploaded(page);
      await page.locator('[data-status=completed]').first().waitFor({ timeout: 30_000 });
    });
    await house.visit(null, async (page) => {
      await page.goto('/login');
      await tabTo(page, 'input[name=username]');
      await page.keyboard.type('doctor');
      await tabTo(page, 'input[name=password]');
      await page.keyboard.type(house.site.passwords.doctor);
      await Promise.all([page.waitForURL((url) => url.pathname === '/'), page.keyboard.press('Enter')]);
      await tabTo(page, 'a[href="/worklist"]');
      await Promise.all([page.waitForURL(/\/worklist/), page.keyboard.press('Enter')]);
      const first = await page.locator('tbody tr').first().locator('a[href^="/xrays/"]').first().getAttribute('href');
      for (const key of ['j', 'j', 'k']) await page.keyboard.press(key);
      await Promise.all([page.waitForURL(/\/xrays\//), page.keyboard.press('Enter')]);
      assert.ok(page.url().includes(first.split('?')[0]), 'j, j, k is the first row');
      await tabTo(page, 'input[name=verdict]');
      await page.keyboard.press('Space');
      await tabTo(page, 'form[action$="/review"] button');
      await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
    });
  });

  test('filters narrow the list, and the address says how but holds no name', async () => {
    await house.visit('doctor', async (page) => {
      await page.goto('/worklist?validated=true&diagnosis=Normal');
      const rows = page.locator('main tbody tr');
      for (const row of await rows.all()) assert.match(await row.innerText(), /Normal/);
      await page.goto('/');
      await page.fill('#quick-search', 'Keyboard');
      await Promise.all([page.waitForURL(/\/worklist\?search=/), page.press('#quick-search', 'Enter')]);
      assert.ok(!page.url().includes('Keyboard'), 'what is searched for is in no address');
      assert.ok((await rows.count()) >= 1);
      assert.equal(await page.inputValue('#f-q'), 'Keyboard');
      await page.goto(`/worklist?search=${'0'.repeat(64)}`);
      await page.getByText('This search has expired').waitFor();
      assert.equal(await rows.count(), 0);
      await page.goto('/worklist?page=99999');
      await page.getByText(/Page .* of/).waitFor();
    });
  });
}

/** Presses Tab until the element has the focus, and checks that the focus can be seen. */
async function tabTo(page, selector, most = 120) {
  for (let press = 0; press < most; press += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) {
      const visible = await page.evaluate(() => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
        return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
      });
      assert.ok(visible, `the focus on ${selector} can be seen`);
      return;
    }
  }
  assert.fail(`${selector} cannot be reached with Tab`);
}
