// Steps that several journeys take.
import assert from 'node:assert/strict';
import { submit } from './browser.mjs';

/** The record number of the patient whose account is `patient`. */
export const DEMO_PATIENT = 'DEMO-0001';

let patients = 0;

/** The status of an address as the page's own person gets it. */
export async function status(page, address) {
  return (await page.request.get(address, { maxRedirects: 0 })).status();
}

/** A new patient's record number. */
export async function newPatient(page, name, account = '') {
  const number = `E2E-${process.pid}-${(patients += 1)}`;
  await page.goto('/patients/new');
  await page.fill('input[name=record_number]', number);
  await page.fill('input[name=full_name]', name);
  await page.fill('input[name=date_of_birth]', '1970-01-31');
  await choose(page, 'sex', 'F');
  if (account) await page.fill('input[name=username]', account);
  await submit(page, 'form[action="/patients"]');
  assert.match(page.url(), /\/patients\/[0-9a-f-]{36}/);
  return number;
}

/** A choice that may be a select or a group of radio buttons, within a page or a form. */
export async function choose(within, name, value) {
  const select = within.locator(`select[name=${name}]`);
  if (await select.count()) await select.selectOption(value);
  else await within.locator(`input[name=${name}][value="${value}"]`).check();
}

export async function upload(page, recordNumber, files) {
  await page.goto('/upload');
  await page.fill('input[name=record_number]', recordNumber);
  await page.setInputFiles('input[type=file]', files);
  await page.locator('form[action="/upload"] [type=submit], form[action="/upload"] button:not([type])').first().click();
}

/** Follows the first link of the upload's results to the X-ray; its address. */
export async function openUploaded(page) {
  const link = page.locator('main a[href^="/xrays/"]').first();
  await link.waitFor();
  const address = (await link.getAttribute('href')).split('?')[0];
  await page.goto(address);
  return address;
}

/** Every address in the signed-in person's navigation. */
export async function navigation(page) {
  await page.goto('/');
  const found = await page.locator('nav a[href^="/"]').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  return [...new Set(['/', ...found, '/account'])].filter((address) => !address.startsWith('/logout'));
}
