import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { root } from '../source-tree.js';
import { newSigner } from '../support/packs.js';
import { findChromium, noChromium } from './chromium.js';
import { ConsoleSite, publish } from './console-site.js';
import { ConsoleTab } from './console-tab.js';

const skip = findChromium() || process.env.SPILLWAY_BROWSER_REQUIRED === '1' ? false : noChromium;
const axe = readFileSync(join(root, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe-core finds on the page as it is now. The page's policy forbids other scripts, so it is run from here. */
async function findings(tab: ConsoleTab): Promise<string[]> {
  if (!(await tab.page.evaluate(`'axe' in window`))) await tab.page.evaluate(`${axe}; undefined`);
  const { violations } = (await tab.page.evaluate('axe.run()')) as { violations: readonly Finding[] };
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

const pages = [
  ['#/devices', '.fleet .id'],
  ['#/devices?tenant=nobody', '.other-tenants'],
  ['#/devices/busy-1?metric=temperature&metric=state', '.chart[data-metric="temperature"][data-last-value="21"]'],
  ['#/devices/silent-1', '.empty h2:text-is("Waiting for data")'],
  ['#/devices/broken-1', '.empty h2:text-is("Nothing could be stored")'],
  ['#/devices/nobody', '.empty h2:text-is("This device is not registered")'],
  ['#/dead-letters', '.letter'],
  ['#/alerts', '.empty h2:text-is("No alerts")'],
  ['#/devices/busy-1/debug', '.captured'],
  ['#/debug', '.empty h2:text-is("No capture runs")'],
  ['#/topic-rules', '.rules [data-rule="site"]'],
  ['#/access', '.rules [data-service="dashboard"]'],
  ['#/groups', '.rules [data-group="plant-1"]'],
  ['#/import', '#import-file'],
  ['#/codecs', '.empty h2:text-is("No codecs")'],
  ['#/packs', '.rules [data-pack-key="Acme"]'],
  ['#/shadow-runs', '.schema-part[data-state="done"]'],
  ['#/sessions', '.rules [data-client="busy-1"]'],
  ['#/messages', '.rules [data-topic="plant/mode"]'],
  ['#/keys', '.rules [data-key="grafana"]'],
  ['#/audit', '.entry'],
  ['#/schemas', '.rules a:text-is("pump")'],
] as const;

describe('everybody can use the console', { skip }, () => {
  let site: ConsoleSite;

  before(async () => {
    site = await ConsoleSite.start();
    for (const device_id of ['busy-1', 'silent-1', 'broken-1']) await site.addDevice({ device_id });
    await site.post('/v1/debug/captures', { device_id: 'busy-1', seconds: 600 });
    await site.post('/v1/topic-rules', { name: 'site', pattern: 'site/{device}', device: 'level:device', decoder: 'json' });
    await site.post('/v1/acl', { subject: 'all', action: 'subscribe', filter: 'plant/#', effect: 'deny' });
    await site.post('/v1/pack-keys', { name: 'Acme', public_key: newSigner().pem });
    await site.post('/v1/groups', { name: 'plant-1' });
    await site.post('/v1/services', { name: 'dashboard' });
    await site.post('/v1/messages', { topic: 'plant/mode', payload: 'auto', retain: true });
    await site.post('/v1/keys', { name: 'grafana', role: 'viewer' });
    await site.post('/v1/devices/busy-1/credentials', { type: 'token' });
    const definition = { fields: { t: { type: 'number', unit: 'Cel' } } };
    await site.post('/v1/schemas', { device_class: 'pump', format: 'json', schema_definition: definition });
    await site.post('/v1/shadow-runs', { schema: { device_class: 'pump', format: 'json', schema_definition: definition } });
    await publish(await site.connect('busy-1'), 'busy-1', { temperature: 21, state: 'idle' });
    await (await site.connect('broken-1')).publishAsync('devices/broken-1/telemetry', 'no JSON', { qos: 1 });
  });

  after(async () => {
    await site?.stop();
  });

  for (const [theme, width, height] of [
    ['light', 1440, 900],
    ['dark', 390, 844],
  ] as const) {
    test(`axe-core finds nothing on any page, ${theme}, ${width} wide`, async () => {
      const tab = await ConsoleTab.open(site.browser, site.appliance.http, '', { width, height });
      await tab.page.emulateMedia({ colorScheme: theme });
      await tab.page.waitForSelector('#admin-key');
      assert.deepEqual(await findings(tab), []);
      await tab.page.fill('#admin-key', site.appliance.adminKey);
      await tab.page.press('#admin-key', 'Enter');
      for (const [fragment, there] of pages) {
        await tab.go(fragment);
        await tab.page.waitForSelector(there);
        if (there === '.letter' || there === '.captured' || there === '.entry') await tab.page.click(`${there} summary`);
        if (fragment === '#/access') await tab.page.click('.built-in summary');
        if (fragment === '#/packs') await tab.page.click('.built-in summary');
        if (fragment === '#/topic-rules') await tab.page.click('.built-in summary:has-text("tried after")');
        assert.deepEqual(await findings(tab), [], fragment);
        assert.ok(Number(await tab.page.evaluate('document.documentElement.scrollWidth')) <= width, fragment);
      }
      await tab.go('#/devices/busy-1');
      await tab.page.click('button:text-is("Delete")');
      assert.deepEqual(await findings(tab), []);
      await tab.page.keyboard.press('Escape');
      await tab.go('#/schemas');
      await tab.page.click('.rules a:text-is("pump")');
      await tab.page.waitForSelector('.schema-version pre');
      assert.deepEqual(await findings(tab), [], 'a schema');
      assert.ok(Number(await tab.page.evaluate('document.documentElement.scrollWidth')) <= width, 'a schema');
      await tab.go('#/topic-rules');
      await tab.page.click('button:text-is("Add rule")');
      await tab.page.waitForSelector('#rule-name');
      assert.deepEqual(await findings(tab), [], 'the dialog of a rule');
      tab.assertHealthy(/status of 404/);
      await tab.close();
    });
  }

  test('Escape closes a dialog and gives the focus back; the focus can be seen', async () => {
    const tab = await site.signedIn();
    await tab.page.focus('button:text-is("Add device")');
    await tab.page.keyboard.press('Enter');
    await tab.until(`document.activeElement.id === 'new-device'`);
    await tab.page.keyboard.press('Escape');
    await tab.page.waitForSelector('.dialog', { state: 'detached' });
    assert.equal(await tab.page.evaluate('document.activeElement.textContent'), 'Add device');
    assert.match(String(await tab.page.evaluate('getComputedStyle(document.activeElement).outlineStyle')), /solid/);
    const order = [];
    await tab.page.evaluate(`document.querySelector('h1').focus()`);
    for (let at = 0; at < 9; at++) {
      await tab.page.keyboard.press('Tab');
      order.push(await tab.page.evaluate(`document.activeElement.getAttribute('aria-label') ?? document.activeElement.id`));
    }
    assert.deepEqual(order, ['Search devices', 'Status', 'Connection', 'Class', 'Group', 'Tag', 'Gateway', 'tenant', '']);
    tab.assertHealthy();
    await tab.close();
  });

  test('light turns dark by a button, and stays so', async () => {
    const tab = await site.signedIn();
    const background = () => tab.page.evaluate('getComputedStyle(document.body).backgroundColor');
    await tab.page.waitForSelector('h1:text-is("Devices")');
    const light = await background();
    await tab.page.click('button[aria-label="Turn dark"]');
    const dark = await background();
    assert.notEqual(dark, light);
    await tab.page.reload();
    await tab.page.waitForSelector('button[aria-label="Turn light"]');
    assert.equal(await background(), dark);
    tab.assertHealthy();
    await tab.close();
  });

  test('a device that could be stored nothing of says what arrived, why not, and where to look', async () => {
    const tab = await site.signedIn();
    await tab.go('#/devices/broken-1');
    await tab.page.waitForSelector('.empty dt:text-is("1 × json_malformed")');
    await tab.page.waitForSelector('.empty dd:has-text("not JSON")');
    await tab.page.waitForSelector('nav .count:text-is("1")');
    await tab.page.click('.empty a:text-is("Dead letters")');
    await tab.page.waitForSelector('.letter .letter-device:text-is("broken-1")');
    assert.match(tab.page.url(), /#\/dead-letters\?device=broken-1$/);
    await tab.page.fill('input[aria-label="Device"]', 'busy-1');
    await tab.page.press('input[aria-label="Device"]', 'Enter');
    await tab.page.waitForSelector('.empty h2:text-is("No dead letter matches")');
    assert.match(tab.page.url(), /device=busy-1$/);
    tab.assertHealthy();
    await tab.close();
  });

  test('a device gets a new token, is deactivated and deleted from its page, each after a question', async () => {
    await site.addDevice({ device_id: 'short-lived' });
    const tab = await site.signedIn();
    await tab.go('#/devices/short-lived');
    const ask = async (action: string) => {
      await tab.page.click(`.device-actions > button:text-is("${action}")`);
      await tab.page.click(`.dialog .primary:text-is("${action}")`);
    };
    await ask('New token');
    await tab.page.waitForSelector('.dialog .command code');
    assert.ok((await tab.text('.dialog .command code')).length >= 16);
    await tab.page.click('.dialog button:text-is("Done")');
    await ask('Deactivate');
    await tab.page.waitForSelector('.tag[data-status="inactive"]');
    await ask('Delete');
    await tab.page.waitForSelector('h1:text-is("Devices")');
    await tab.page.waitForSelector('.fleet .id:text-is("busy-1")');
    assert.equal(await tab.page.locator('.fleet .id:text-is("short-lived")').count(), 0);
    tab.assertHealthy(/status of 404/);
    await tab.close();
  });
});
