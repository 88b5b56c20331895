import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findChromium, noChromium } from './chromium.js';
import { ConsoleSite } from './console-site.js';

const skip = findChromium() || process.env.SPILLWAY_BROWSER_REQUIRED === '1' ? false : noChromium;

describe('keys of operators, and what they changed', { skip }, () => {
  let site: ConsoleSite;

  before(async () => {
    site = await ConsoleSite.start();
    await site.post('/v1/groups', { name: 'plant-1' });
  });

  after(async () => {
    await site?.stop();
  });

  for (const width of [1280, 360]) {
    test(`a key of one group is made, shown once, used, and revoked; ${width} wide`, async () => {
      const name = `grafana-${width}`;
      const tab = await site.signedIn('', { width, height: 800 });
      await tab.go('#/keys');
      await tab.page.click('button:text-is("Add key")');
      await tab.page.fill('#key-name', name);
      await tab.page.selectOption('#key-group', 'plant-1');
      await tab.page.fill('#key-until', '2000-01-01T00:00');
      await tab.page.press('#key-name', 'Enter');
      await tab.page.waitForSelector('.dialog .refusal:has-text("expires_at must be to come")');
      await tab.page.fill('#key-until', '2100-01-01T00:00');
      await tab.page.press('#key-name', 'Enter');
      const key = (await tab.text('.dialog .command code')).trim();
      await tab.page.click('.dialog button:text-is("Done")');
      await tab.page.waitForSelector(`.rules [data-key="${name}"] td:text-is("group plant-1 of tenant default")`);
      assert.equal((await tab.text('body')).includes(key), false, 'the key is shown once');
      await tab.assertFits();
      const status = async () => (await fetch(`${site.appliance.http}/v1/devices`, { headers: { authorization: `Bearer ${key}` } })).status;
      assert.equal(await status(), 200);
      await tab.page.focus(`button[aria-label="Revoke key ${name}"]`);
      await tab.page.keyboard.press('Enter');
      await tab.page.click('.dialog button:text-is("Revoke")');
      await tab.page.waitForSelector(`.rules [data-key="${name}"]`, { state: 'detached' });
      assert.equal(await status(), 401);
      tab.assertHealthy(/status of 400/);
      await tab.close();
    });
  }

  test('the audit log is narrowed by key, call, target and time, which the address names, and is turned page by page', async () => {
    for (let at = 0; at < 101; at++) await site.addDevice({ device_id: `lamp-${at}` });
    const tab = await site.signedIn('', { width: 360, height: 800 });
    await tab.go('#/audit');
    await tab.page.waitForSelector('.entry:nth-child(100)');
    await tab.assertFits();
    await tab.page.click('button:text-is("Next")');
    await tab.page.waitForSelector('.position:text-is("Page 2")');
    await tab.page.waitForSelector('.entry:has-text("plant-1")');
    await tab.page.fill('.audit-filters label:has-text("What was changed") input', 'lamp-77');
    await tab.page.press('.audit-filters label:has-text("What was changed") input', 'Enter');
    await tab.until(`document.querySelectorAll('.entry').length === 1`);
    assert.match(tab.page.url(), /#\/audit\?target=lamp-77$/);
    await tab.page.focus('.entry summary');
    await tab.page.keyboard.press('Enter');
    await tab.page.waitForSelector('.entry [aria-label="After"] pre:has-text("metadata")');
    await tab.page.fill('.audit-filters label:has-text("Until") input', '2020-01-01T00:00');
    await tab.page.press('.audit-filters label:has-text("Until") input', 'Enter');
    await tab.page.waitForSelector('.empty h2:text-is("No entry matches")');
    await tab.page.reload();
    await tab.page.waitForSelector('.empty h2:text-is("No entry matches")');
    tab.assertHealthy();
    await tab.close();
  });
});
