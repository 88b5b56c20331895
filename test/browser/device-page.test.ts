import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { MqttClient } from 'mqtt';
import { findChromium, noChromium } from './chromium.js';
import { ConsoleSite, publish } from './console-site.js';

const skip = findChromium() || process.env.SPILLWAY_BROWSER_REQUIRED === '1' ? false : noChromium;
const stepMs = 10_000;

describe('what a device page shows', { skip }, () => {
  let site: ConsoleSite;

  before(async () => {
    site = await ConsoleSite.start();
  });

  after(async () => {
    await site?.stop();
  });

  async function published(device: string, messages: readonly Record<string, unknown>[]): Promise<MqttClient> {
    await site.addDevice({ device_id: device });
    const client = await site.connect(device);
    const startMs = Date.now() - messages.length * stepMs;
    for (const [at, metrics] of messages.entries()) await publish(client, device, metrics, startMs + at * stepMs);
    return client;
  }

  test('a switch is two states, and times are of one clock', async () => {
    await published('switch-1', [{ open: true }, { open: false }, { open: false }, { open: false }]);
    const tab = await site.signedIn();
    await tab.go('#/devices/switch-1');
    await tab.page.waitForSelector('.chart-summary:text-is("1 in 25 % of 4 readings")');
    assert.doesNotMatch(await tab.text('#content'), /\d [AP]M/);
    tab.assertHealthy();
    await tab.close();
  });

  test('a metric has its unit beside its value, as people write it, and keeps it as readings come', async () => {
    const definition = { fields: { t: { type: 'number', unit: 'Cel' }, rpm: 'number' } };
    await site.post('/v1/schemas', { device_class: 'kiln', format: 'json', schema_definition: definition });
    await site.addDevice({ device_id: 'kiln-1', device_class: 'kiln' });
    const client = await site.connect('kiln-1');
    await publish(client, 'kiln-1', { t: 21.5, rpm: 3 });
    const tab = await site.signedIn('', { width: 360, height: 740 });
    await tab.go('#/devices/kiln-1');
    await tab.page.waitForSelector('.chart[data-metric="t"] .unit:text-is("°C")');
    await tab.page.waitForSelector('.metrics [data-metric="t"] .value:has-text("21.5 °C")');
    await publish(client, 'kiln-1', { t: 22, rpm: 3 });
    await tab.page.waitForSelector('.metrics [data-metric="t"] .value:has-text("22 °C")');
    assert.equal(await tab.page.locator('.chart[data-metric="rpm"] .unit').count(), 0);
    await tab.assertFits();
    tab.assertHealthy();
    await tab.close();
  });

  test('a text metric is a history of states, also when it never changes', async () => {
    await published(
      'states-1',
      ['idle', 'idle', 'running', 'running', 'idle'].map((state) => ({ state, mode: 'auto' })),
    );
    const tab = await site.signedIn();
    await tab.go('#/devices/states-1?metric=state&metric=mode');
    await tab.page.waitForSelector('.chart[data-metric="state"] .text-log li:nth-child(3)');
    const lines = await tab.page.locator('.chart[data-metric="state"] .text-log li').allTextContents();
    assert.deepEqual(
      lines.map((line) => line.replace(/^[\d:]+/, '')),
      ['idlesince then, 0 ms, 1 reading', 'running10 s, 2 readings', 'idle10 s, 2 readings'],
    );
    await tab.page.waitForSelector('.chart[data-metric="mode"] .text-span:text-is("since then, 40 s, 5 readings")');
    await tab.page.waitForSelector('.chart[data-metric="mode"] .state-bar .tone');
    tab.assertHealthy();
    await tab.close();
  });

  test('of many metrics names and values are whole, and a phone has the chooser first', async () => {
    const metrics = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`compartment_${at}_temperature_average`, at / 7]));
    await published('many-1', [metrics]);
    const tab = await site.signedIn();
    await tab.go('#/devices/many-1');
    await tab.page.waitForSelector('.metrics tr:nth-child(60)');
    const cut = `[...document.querySelectorAll('.metrics td.value, .chart-name, .chart-value')].filter((element) =>
      element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflow !== 'visible').length`;
    assert.equal(await tab.page.evaluate(cut), 0);
    const lines = `[...document.querySelectorAll('.metrics td.value')].filter((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      return new Set([...range.getClientRects()].map((box) => box.top)).size > 1;
    }).length`;
    assert.equal(await tab.page.evaluate(lines), 0);
    await tab.page.setViewportSize({ width: 390, height: 844 });
    const top = (selector: string) => tab.page.evaluate<number>(`document.querySelector('${selector}').getBoundingClientRect().top`);
    assert.ok((await top('.chooser')) < (await top('.charts')));
    assert.ok(Number(await tab.page.evaluate('document.documentElement.scrollHeight')) < 2500);
    tab.assertHealthy();
    await tab.close();
  });

  test('a history that does not come is said to be missing, and comes when it can', async () => {
    await published('held-1', [{ temperature: 20 }, { temperature: 21 }]);
    const tab = await site.signedIn();
    // The page gives up after 5 s by itself, which nobody waits for here.
    await tab.page.evaluate(`{
      const timeout = AbortSignal.timeout.bind(AbortSignal);
      window.patience = 0.1;
      AbortSignal.timeout = (ms) => timeout(ms * window.patience);
    }`);
    const setPatience = (share: number) => tab.page.evaluate(`window.patience = ${share}`);
    let held = true;
    await tab.page.route(/\/v1\/(dead-letters|devices\/held-1\/metrics\?)/, (route) => (held ? undefined : route.continue()));
    await tab.go('#/devices/held-1');
    await tab.page.waitForSelector('.chart-summary:has-text("The history is not available: there is no answer within 5 s")');
    held = false;
    await setPatience(1);
    await tab.page.waitForSelector('.chart[data-metric="temperature"][data-last-value="21"]');
    await tab.until(`document.querySelector('.chart-summary').textContent.includes('min 20')`);
    held = true;
    await setPatience(0.1);
    await tab.go('#/dead-letters');
    await tab.page.waitForSelector('.refusal:has-text("there is no answer within 5 s")');
    assert.equal(await tab.text('.position'), '');
    await tab.page.unrouteAll({ behavior: 'ignoreErrors' });
    tab.assertHealthy(/ERR_(ABORTED|FAILED)/);
    await tab.close();
  });
});
