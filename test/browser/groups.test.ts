import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { findChromium, noChromium } from './chromium.js';
import { ConsoleSite } from './console-site.js';

const skip = findChromium() || process.env.SPILLWAY_BROWSER_REQUIRED === '1' ? false : noChromium;

describe('groups of devices, and devices in files', { skip }, () => {
  let site: ConsoleSite;

  before(async () => {
    site = await ConsoleSite.start();
    await site.addDevice({ device_id: 'pump-1' });
  });

  after(async () => {
    await site?.stop();
  });

  test('a group is made in another one, filled, renamed and deleted, on a phone', async () => {
    const tab = await site.signedIn('', { width: 360, height: 740 });
    await tab.go('#/groups');
    const add = async (name: string, parent: string) => {
      await tab.page.click('button:text-is("Add group")');
      await tab.page.fill('#group-name', name);
      await tab.page.selectOption('#group-parent', parent);
      await tab.page.press('#group-name', 'Enter');
    };
    await add('plant-1', '');
    await tab.page.waitForSelector('.rules [data-group="plant-1"]');
    await add('hall-3', 'plant-1');
    await tab.page.focus('button[aria-label="Devices of plant-1/hall-3"]');
    await tab.page.keyboard.press('Enter');
    await tab.page.fill('#group-ids', 'pump-1, nobody');
    await tab.page.click('.dialog button:text-is("Put in")');
    await tab.page.waitForSelector('.dialog [role="status"]:text-is("1 put in; no device has the id nobody.")');
    await tab.page.waitForSelector('.dialog [data-member="pump-1"]');
    await tab.page.click('button[aria-label="Take pump-1 out"]');
    await tab.page.waitForSelector('.dialog p:text-is("No device is in it.")');
    await tab.page.keyboard.press('Escape');
    await tab.assertFits();
    await tab.page.click('button[aria-label="Delete plant-1"]');
    await tab.page.click('.dialog button:text-is("Delete")');
    await tab.page.waitForSelector('.dialog .refusal:not(:empty)');
    await tab.page.keyboard.press('Escape');
    await tab.page.click('button[aria-label="Edit plant-1/hall-3"]');
    await tab.page.fill('#group-name', 'hall-4');
    await tab.page.press('#group-name', 'Enter');
    await tab.page.click('button[aria-label="Delete plant-1/hall-4"]');
    await tab.page.click('.dialog button:text-is("Delete")');
    await tab.page.waitForSelector('.rules [data-group="plant-1/hall-4"]', { state: 'detached' });
    assert.equal(await tab.page.locator('.rules tbody tr').count(), 1);
    tab.assertHealthy(/status of 4\d\d/);
    await tab.close();
  });

  test('a CSV file is tried, imported with a report for its bad row, and exported', async () => {
    const tab = await site.signedIn('', { width: 1280, height: 800 });
    await tab.go('#/import');
    const buffer = Buffer.from('device_id,device_class\nlamp-1,lamp\n,lamp\n');
    await tab.page.setInputFiles('#import-file', { name: 'devices.csv', mimeType: 'text/csv', buffer });
    await tab.page.click('button:text-is("Try: change nothing")');
    await tab.page.waitForSelector('[aria-label="Report"][data-dry="true"] [data-line="3"]');
    await tab.page.click('button:text-is("Import")');
    await tab.page.waitForSelector('[aria-label="Report"][data-dry="false"] button:text-is("Save 1 token")');
    await tab.assertFits();
    const [saved] = await Promise.all([tab.page.waitForEvent('download'), tab.page.click('button:text-is("Export")')]);
    const lines = readFileSync(await saved.path(), 'utf8')
      .trim()
      .split('\n');
    assert.deepEqual(
      lines.map((line) => line.split(',')[0]),
      ['device_id', 'lamp-1', 'pump-1'],
    );
    tab.assertHealthy();
    await tab.close();
  });
});
