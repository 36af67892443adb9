// One's own account.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signIn, submit } from '../browser.mjs';
import { choose, status } from '../steps.mjs';

const FIRST = 'a long enough first password';
const SECOND = 'quite another second password';

export default function account(house) {
  test('register, change the password, sign the other browser out', async () => {
    const name = `newcomer-${process.pid}`;
    await house.visit(null, async (page) => {
      await page.goto('/register');
      await page.fill('input[name=username]', name);
      await page.fill('input[name=full_name]', 'New Comer');
      await page.fill('input[name=date_of_birth]', '1980-02-29');
      await choose(page, 'sex', 'M');
      await page.fill('input[name=password]', FIRST);
      await page.fill('input[name=password_again]', FIRST);
      await submit(page, 'form[action="/register"]');
      if (page.url().includes('/login')) await signIn(page, name, FIRST);
      assert.equal(await status(page, '/worklist'), 403, 'whoever registers is a patient');
      await page.goto('/my');

      await house.visit(null, async (elsewhere) => {
        await signIn(elsewhere, name, FIRST);
        await page.goto('/account');
        await submit(page, 'form[action^="/account/sessions/"]');
        assert.equal(await status(elsewhere, '/account'), 303, 'the other browser is signed out');
      });

      await page.goto('/account');
      await page.fill('input[name=current]', FIRST);
      await page.fill('form[action="/account/password"] input[name=password]', SECOND);
      await page.fill('input[name=password_again]', SECOND);
      await submit(page, 'form[action="/account/password"]');
      await page.locator('details.menu summary').click();
      await submit(page, 'form[action="/logout"]');
      await signIn(page, name, SECOND);
    });
    await house.visit(null, async (page) => {
      await page.goto('/login');
      await page.fill('input[name=username]', name);
      await page.fill('input[name=password]', FIRST);
      await submit(page, 'form[action="/login"]');
      assert.match(page.url(), /\/login/, 'the first password is no longer good');
      await page.locator('[role=alert], .alert').first().waitFor();
    });
  });
}
