// Pictures of the running site for the README, light and dark: docs/screenshots/{xray,worklist,statistics}-{light,dark}.png.
// The site runs with the bundle in models/ on its demo accounts, the sample X-rays, and made-up predictions for the lists.
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { House, launch } from './browser.mjs';
import { ROOT, startSite } from './site.mjs';

const FOLDER = join(ROOT, 'docs/screenshots');
const LIMIT = 300 * 1024;
const SIZE = { width: 1280, height: 860 };

/** A palette of at most 256 colours: a film is grey, and a page has few. */
function save(name, png) {
  const small = execFileSync('pngquant', ['--quality', '70-95', '--strip', '-'], { input: png });
  const path = join(FOLDER, `${name}.png`);
  writeFileSync(path, small);
  const { size } = statSync(path);
  console.log(`${path}: ${Math.round(size / 1024)} KiB`);
  if (size > LIMIT) throw new Error(`${path} is larger than ${LIMIT / 1024} KiB`);
}

async function take(house, address, name, prepare = async () => {}) {
  for (const colorScheme of ['light', 'dark']) {
    const story = async (page) => {
      await page.goto(address);
      await prepare(page);
      await page.evaluate(() => document.fonts.ready);
      save(`${name}-${colorScheme}`, await page.screenshot({ animations: 'disabled' }));
    };
    await house.visit('doctor', story, { colorScheme, viewport: SIZE, reducedMotion: 'reduce' });
  }
}

/** An X-ray that was read, with the heat of the networks over it. */
async function overlay(page) {
  await page.locator('.viewer canvas').first().waitFor();
  await page.locator('[data-heat]').selectOption('agreement');
  await page.waitForLoadState('networkidle');
}

async function main() {
  mkdirSync(FOLDER, { recursive: true });
  const [site, browser] = await Promise.all([startSite({ bundle: null, made: 4000 }), launch()]);
  const house = new House(browser, site);
  try {
    await take(house, '/worklist', 'worklist');
    await take(house, '/statistics', 'statistics');
    await take(house, await opacity(house), 'xray', overlay);
  } finally {
    await browser.close();
    await site.stop();
  }
}

/** The address of a sample that was read: the first in the list of the demo patient. */
async function opacity(house) {
  let address;
  await house.visit('doctor', async (page) => {
    await page.goto('/worklist?source=demo');
    address = await page.locator('main tbody a[href^="/xrays/"]').first().getAttribute('href');
  });
  return address;
}

await main();
