// From an upload to the patient's result.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { submit } from '../browser.mjs';
import { dicom, film, noFilm } from '../films.mjs';
import { DEMO_PATIENT, newPatient, openUploaded, status, upload } from '../steps.mjs';

export default function reading(house) {
  test('a doctor uploads, follows the reading, looks, confirms; then the patient sees the result', async () => {
    let address;
    await house.visit('doctor', async (page) => {
      await upload(page, DEMO_PATIENT, [film()]);
      address = await openUploaded(page);
      await page.locator('[data-status=completed]').first().waitFor({ timeout: 30_000 });
      await lookAround(page);
    });
    await house.visit('patient', async (page) => {
      assert.equal(await status(page, address), 404, 'before a doctor has settled it');
      assert.equal(await status(page, `${address}/image.png`), 404, 'the film neither');
    });
    await house.visit('doctor', async (page) => {
      await page.goto(address);
      await page.check('input[name=verdict][value=confirmed]');
      await page.fill('textarea[name=notes]', 'Clear lungs.');
      await submit(page, 'form[action$="/review"]');
      await page.goto(address);
      await page.getByText('Clear lungs.').waitFor();
      assert.equal(await page.locator('form[action$="/review"]').count(), 0, 'a signed review is not edited');
    });
    await house.visit('patient', async (page) => {
      await page.goto('/my');
      await page.locator(`a[href="${address}"]`).first().click();
      await page.getByText('Clear lungs.').waitFor();
      assert.equal(await status(page, `${address}/image.png`), 200);
    });
    await house.visit(null, async (page) => {
      await page.goto(address);
      assert.match(page.url(), /\/login/, 'who is not signed in is asked to');
    });
  });

  test('one file that is no film does not stop the others', async () => {
    await house.visit('doctor', async (page) => {
      const number = await newPatient(page, 'Batch Example');
      await upload(page, number, [film('lung-opacity-1.jpeg'), film('normal-2.jpeg'), noFilm]);
      await page.locator('main a[href^="/xrays/"]').nth(1).waitFor();
      await page.getByText('letter.txt').first().waitFor();
      await upload(page, number, [dicom]);
      await openUploaded(page);
      await page.locator('[data-status=completed], [data-status=refused]').first().waitFor({ timeout: 30_000 });
    });
  });
}

/** The viewer: what it draws changes with every tool. */
async function lookAround(page) {
  const canvas = page.locator('.viewer canvas').first();
  await canvas.waitFor();
  const shows = () => canvas.evaluate((one) => one.toDataURL().length + one.toDataURL().slice(-4000));
  let before = await shows();
  const changed = async (what) => {
    await page.waitForFunction(
      ([selector, old]) => {
        const one = document.querySelector(selector);
        return one.toDataURL().length + one.toDataURL().slice(-4000) !== old;
      },
      ['.viewer canvas', before],
      { timeout: 5000 },
    ).catch(() => assert.fail(`${what} changes nothing`));
    before = await shows();
  };
  await canvas.focus();
  await page.keyboard.press('i');
  await changed('inverting');
  await page.keyboard.press('+');
  await changed('zooming');
}
