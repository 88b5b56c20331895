import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findChromium, noChromium } from './chromium.js';
import { ConsoleSite } from './console-site.js';

const skip = findChromium() || process.env.SPILLWAY_BROWSER_REQUIRED === '1' ? false : noChromium;
const letters = '**/assets/dead-letters-page-*.js';

describe('pages that are fetched when they are opened', { skip }, () => {
  let site: ConsoleSite;

  before(async () => {
    site = await ConsoleSite.start();
  });

  after(async () => {
    await site?.stop();
  });

  test('a page is fetched once, takes the focus, and is there at once the next time', async () => {
    const tab = await site.signedIn();
    const fetched: string[] = [];
    tab.page.on('request', (request) => fetched.push(new URL(request.url()).pathname));
    await tab.page.waitForSelector('h1:text-is("Devices")');
    await tab.go('#/dead-letters');
    await tab.page.waitForSelector('.empty h2:text-is("No dead letters")');
    assert.equal(await tab.page.evaluate('document.activeElement.textContent'), 'Dead letters');
    await tab.go('#/devices');
    await tab.page.waitForSelector('h1:text-is("Devices")');
    await tab.go('#/dead-letters');
    await tab.page.waitForSelector('.empty h2:text-is("No dead letters")');
    assert.equal(fetched.filter((path) => /dead-letters-page-.*\.js$/.test(path)).length, 1);
    const caching = await fetch(`${site.appliance.http}${fetched.find((path) => path.endsWith('.js'))}`);
    assert.equal(caching.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    tab.assertHealthy();
    await tab.close();
  });

  test('a console that is older than the appliance is fetched anew, and opens the page that was asked for', async () => {
    const tab = await site.signedIn();
    await tab.page.waitForSelector('h1:text-is("Devices")');
    // As after an upgrade: the file of the page is gone, and the first page names other files.
    await tab.page.route(letters, (route) => route.fulfill({ status: 404, body: '' }));
    await tab.page.route(`${site.appliance.http}/`, async (route) => {
      if (route.request().resourceType() !== 'document')
        return route.fulfill({ status: 200, body: '<script src="/assets/index-newer.js">' });
      await tab.page.unroute(letters);
      return route.continue();
    });
    await tab.go('#/dead-letters');
    await tab.page.waitForSelector('.empty h2:text-is("No dead letters")');
    assert.match(tab.page.url(), /#\/dead-letters$/);
    tab.assertHealthy(/status of 404/);
    await tab.close();
  });

  test('a page whose file is missing says so, is not fetched in a circle, and can be loaded again', async () => {
    const tab = await site.signedIn();
    await tab.page.waitForSelector('h1:text-is("Devices")');
    let loads = 0;
    tab.page.on('load', () => loads++);
    await tab.page.route(letters, (route) => route.fulfill({ status: 404, body: '' }));
    await tab.go('#/dead-letters');
    await tab.page.waitForSelector('.empty h2:text-is("This page could not be loaded")');
    assert.equal(await tab.page.evaluate('document.activeElement.textContent'), 'Dead letters');
    assert.equal(loads, 0);
    await tab.page.unroute(letters);
    await tab.page.click('button:text-is("Load again")');
    await tab.page.waitForSelector('.empty h2:text-is("No dead letters")');
    tab.assertHealthy(/status of 404/);
    await tab.close();
  });

  test('a page that was asked for while the connection was lost is fetched when it is back', async () => {
    const tab = await site.signedIn();
    await tab.forgetFiles();
    await tab.page.waitForSelector('h1:text-is("Devices")');
    await tab.until(`document.querySelector('.bar').dataset.live === 'open'`);
    await site.appliance.stop();
    await tab.page.waitForSelector('.away:not([hidden])');
    await tab.go('#/dead-letters');
    await tab.page.waitForSelector('.empty h2:text-is("This page could not be loaded")');
    await site.startAgain();
    await tab.page.waitForSelector('.empty h2:text-is("No dead letters")');
    tab.assertHealthy(/ERR_CONNECTION_REFUSED|WebSocket|status of 503/);
    await tab.close();
  });
});
