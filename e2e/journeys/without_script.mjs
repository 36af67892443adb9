// Without JavaScript: everything that matters works with forms and links.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signIn, submit } from '../browser.mjs';
import { film } from '../films.mjs';
import { newPatient, openUploaded, upload } from '../steps.mjs';

export default function withoutScript(house) {
  test('without JavaScript: sign in, upload, wait, correct the label, search', async () => {
    const story = async (page) => {
      await signIn(page, 'doctor', house.site.passwords.doctor);
      await upload(page, await newPatient(page, 'Plain Example'), [film()]);
      const address = await openUploaded(page);
      await page.locator('[data-status=completed]').first().waitFor({ timeout: 30_000 });
      assert.ok(await page.locator(`img[src^="${address}/image.png"]`).first().isVisible(), 'the film is an image');
      await page.check('input[name=verdict][value=corrected]');
      await page.check('input[name=label][value="Lung Opacity"]');
      await page.fill('textarea[name=notes]', 'Left lower field.');
      await submit(page, 'form[action$="/review"]');
      await page.goto(address);
      await page.getByText('Left lower field.').waitFor();
      await page.goto('/patients');
      await page.fill('#p-q', 'Plain');
      await submit(page, 'form[action="/patients/search"]');
      await page.locator('main tbody').getByText('Plain Example').first().waitFor();
      assert.ok(!page.url().includes('Plain'), 'what is searched for is in no address');
    };
    await house.visit(null, story, { javaScriptEnabled: false });
  });
}
