import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findChromium, noChromium } from './chromium.js';
import { ConsoleSite } from './console-site.js';

const skip = findChromium() || process.env.SPILLWAY_BROWSER_REQUIRED === '1' ? false : noChromium;

describe('who may use which topics', { skip }, () => {
  let site: ConsoleSite;

  before(async () => {
    site = await ConsoleSite.start();
    await site.addDevice({ device_id: 'pump-1', device_class: 'pump' });
  });

  after(async () => {
    await site?.stop();
  });

  test('a rule about topics is added, asked, and deleted; a wrong one is refused in words', async () => {
    const tab = await site.signedIn();
    await tab.go('#/access');
    await tab.page.waitForSelector('.empty h2:text-is("No rules of this tenant")');
    await tab.page.click('.built-in summary');
    await tab.page.waitForSelector('.built-in .rules td:text-is("all")');
    const check = async (verdict: string) => {
      await tab.page.fill('.acl-check [aria-label="Name of the client"]', 'pump-1');
      await tab.page.selectOption('.acl-check [aria-label="What it wants to do"]', 'subscribe');
      await tab.page.fill('.acl-check [aria-label="Topic"]', 'plant/hall/start');
      await tab.page.click('.acl-check button:text-is("Check")');
      await tab.page.waitForSelector(`.verdict b:text-is("${verdict}")`);
    };
    await check('Denied');
    await tab.page.click('button:text-is("Add rule")');
    await tab.page.fill('#acl-subject', 'nonsense');
    await tab.page.selectOption('#acl-action', 'subscribe');
    await tab.page.fill('#acl-filter', 'plant/+/start');
    await tab.page.press('#acl-filter', 'Enter');
    await tab.page.waitForSelector('.dialog .refusal:has-text("must be all, class:NAME, device:ID or service:NAME")');
    await tab.page.fill('#acl-subject', 'class:pump');
    await tab.page.press('#acl-subject', 'Enter');
    await tab.page.waitForSelector('.rules [data-filter="plant/+/start"] td:text-is("class:pump")');
    await check('Allowed');
    const rule = await tab.text('.rules [data-filter="plant/+/start"] td.id');
    assert.equal(await tab.text('.verdict'), `Allowed: rule ${rule} allows it (plant/+/start).`);
    await tab.page.fill('.acl-check [aria-label="Name of the client"]', 'nobody');
    assert.equal(await tab.text('.verdict'), '', 'a verdict about another client does not stay');
    await tab.page.click('.acl-check button:text-is("Check")');
    await tab.page.waitForSelector('.acl-check .refusal:has-text("device nobody")');
    await tab.page.click(`button[aria-label="Delete rule ${rule}"]`);
    await tab.page.click('.dialog button:text-is("Delete")');
    await tab.page.waitForSelector('.empty h2:text-is("No rules of this tenant")');
    tab.assertHealthy(/status of 40[04]/);
    await tab.close();
  });

  test('a service client gets a secret that is shown once, and is deleted', async () => {
    const tab = await site.signedIn('&tenant=works');
    await tab.go('#/access?tenant=works');
    await tab.page.waitForSelector('.empty h2:text-is("No service clients")');
    await tab.page.click('button:text-is("Add service client")');
    await tab.page.fill('#service-name', 'dashboard');
    await tab.page.press('#service-name', 'Enter');
    await tab.page.waitForSelector('.dialog h2:text-is("dashboard can connect")');
    assert.equal(await tab.text('.dialog .command:nth-of-type(1) code'), 'works/dashboard');
    assert.ok((await tab.text('.dialog .command:nth-of-type(2) code')).length >= 16);
    await tab.page.click('.dialog button:text-is("Done")');
    await tab.page.waitForSelector('.rules [data-service="dashboard"]');
    await tab.page.click('button:text-is("Add service client")');
    await tab.page.fill('#service-name', 'dashboard');
    await tab.page.press('#service-name', 'Enter');
    await tab.page.waitForSelector('.dialog .refusal:not(:empty)');
    await tab.page.keyboard.press('Escape');
    await tab.page.click('button[aria-label="Delete service client dashboard"]');
    await tab.page.click('.dialog button:text-is("Delete")');
    await tab.page.waitForSelector('.empty h2:text-is("No service clients")');
    tab.assertHealthy(/status of 409/);
    await tab.close();
  });
});
