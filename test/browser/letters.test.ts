import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '../support/until.js';
import { findChromium, noChromium } from './chromium.js';
import { ConsoleSite, publish } from './console-site.js';

const skip = findChromium() || process.env.SPILLWAY_BROWSER_REQUIRED === '1' ? false : noChromium;

describe('dead letters', { skip }, () => {
  let site: ConsoleSite;

  before(async () => {
    site = await ConsoleSite.start();
    await site.addDevice({ device_id: 'oven-1', device_class: 'oven' });
  });

  after(async () => {
    await site?.stop();
  });

  test('all letters of a filter are replayed once a schema takes them, with progress, on a phone', async () => {
    const schemaOf = (max: number) => ({ fields: { t: { type: 'number', required: true, max } } });
    const made = await site.post('/v1/schemas', { device_class: 'oven', format: 'json', schema_definition: schemaOf(20) });
    const { schema_id: schema } = (await made.json()) as { schema_id: string };
    const client = await site.connect('oven-1');
    for (let at = 0; at < 3; at++) await publish(client, 'oven-1', { t: 30 + at });
    const tab = await site.signedIn('', { width: 360, height: 740 });
    await tab.go('#/dead-letters?device=oven-1');
    await tab.page.waitForSelector('.letter:nth-child(3)');
    const replay = async () => {
      await tab.page.focus('button:text-is("Replay all")');
      await tab.page.keyboard.press('Enter');
      await tab.page.waitForSelector('.dialog p:has-text("All dead letters of device oven-1 of tenant default")');
      await tab.page.click('.dialog button:text-is("Replay")');
    };
    await replay();
    await tab.page.waitForSelector('[data-replay="done"]:text-is("Replayed: 0 stored, 3 dead again")');
    await tab.assertFits();
    await site.post(`/v1/schemas/${schema}/versions`, { schema_definition: schemaOf(50), major: true });
    // The next version is in effect once a reading that it takes is stored.
    const headers = { authorization: `Bearer ${site.appliance.adminKey}` };
    await until('a reading is stored by the next version', async () => {
      await publish(client, 'oven-1', { t: 40 });
      const ledger = await fetch(`${site.appliance.http}/v1/devices/oven-1/ledger`, { headers });
      return ((await ledger.json()) as { stored: number }).stored > 0;
    });
    await tab.go('#/dead-letters?device=oven-1&reason=field_out_of_range');
    await tab.page.waitForSelector('.letter:nth-child(3)');
    await tab.page.click('button:text-is("Replay all")');
    await tab.page.click('.dialog button:text-is("Replay")');
    await tab.page.waitForSelector('[data-replay="done"]:text-matches("^Replayed: [1-9]\\\\d* stored$")');
    assert.equal(await tab.page.locator('.letter-replay progress').count(), 1);
    tab.assertHealthy();
    await tab.close();
  });

  test('more letters than a page has are paged through', async () => {
    await site.addDevice({ device_id: 'loud-1' });
    const client = await site.connect('loud-1');
    await Promise.all(Array.from({ length: 203 }, () => client.publishAsync('devices/loud-1/telemetry', 'no JSON', { qos: 1 })));
    const tab = await site.signedIn('', { width: 360, height: 740 });
    const depth = await until('all are kept', async () => {
      const answer = await fetch(`${site.appliance.http}/v1/dead-letters?device_id=loud-1&limit=500`, {
        headers: { authorization: `Bearer ${site.appliance.adminKey}` },
      });
      const { dead_letters: found } = (await answer.json()) as { dead_letters: unknown[] };
      return found.length === 203 && found.length;
    });
    await tab.go('#/dead-letters?device=loud-1');
    await tab.page.waitForSelector('.position:text-is("200 of them, newest first")');
    await tab.page.click('.pager button:text-is("Next")');
    await tab.page.waitForSelector('.position:text-is("Page 2")');
    await tab.page.waitForSelector('.letter:nth-child(3)');
    assert.equal(await tab.page.locator('.letter').count(), depth - 200);
    await tab.assertFits();
    await tab.page.click('.pager button:text-is("Previous")');
    await tab.page.waitForSelector('.letter:nth-child(200)');
    tab.assertHealthy();
    await tab.close();
  });
});
