// What only administrators see.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signIn, submit } from '../browser.mjs';
import { choose, status } from '../steps.mjs';

const SECTIONS = ['/admin/users', '/admin/jobs', '/admin/caches', '/admin/system', '/admin/audit'];

export default function administration(house) {
  test('an administrator makes an account, empties the caches, and finds both in the audit log', async () => {
    const name = `colleague-${process.pid}`;
    await house.visit('admin', async (page) => {
      for (const section of SECTIONS) {
        await page.goto(section);
        await page.locator('main h1').waitFor();
      }
      await page.goto('/admin/users');
      const form = page.locator('form[action="/admin/users"][method=post]');
      await form.locator('input[name=username]').fill(name);
      await form.locator('input[name=full_name]').fill('Col League');
      await form.locator('input[name=password]').fill('a password for a colleague');
      await choose(form, 'role', 'doctor');
      await submit(page, 'form[action="/admin/users"][method=post]');
      await page.fill('input[type=search][name=q]:not(#quick-search)', name);
      await submit(page, 'form[action="/admin/users/search"]');
      assert.ok(!page.url().includes(name), 'what is searched for is in no address');
      await page.getByText(name).first().waitFor();
      await page.goto('/admin/caches');
      await submit(page, 'form[action="/admin/caches/clear"]');
      await page.goto('/admin/audit');
      assert.ok((await page.locator('main tbody tr').count()) > 5);
    });
    await house.visit(null, async (page) => {
      await signIn(page, name, 'a password for a colleague');
      assert.equal(await status(page, '/worklist'), 200);
      for (const section of SECTIONS) assert.equal(await status(page, section), 403, section);
    });
  });
}
