// Every journey, in one browser and on one site. Each file under journeys/ tells some.
import { after, before } from 'node:test';
import { House, launch } from './browser.mjs';
import { startSite } from './site.mjs';
import account from './journeys/account.mjs';
import administration from './journeys/administration.mjs';
import looks from './journeys/looks.mjs';
import reading from './journeys/reading.mjs';
import withoutScript from './journeys/without_script.mjs';
import worklist from './journeys/worklist.mjs';

let browser;
let site;
const house = { visit: (...words) => house.real.visit(...words), real: null };

before(async () => {
  [site, browser] = await Promise.all([startSite(), launch()]);
  house.site = site;
  house.real = new House(browser, site);
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

for (const journey of [reading, worklist, withoutScript, account, administration, looks]) journey(house);
