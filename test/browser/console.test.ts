import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { MqttClient } from 'mqtt';
import { SLOWNESS } from '../support/until.js';
import { findChromium, noChromium } from './chromium.js';
import { ConsoleSite, publish, token } from './console-site.js';
import { ConsoleTab } from './console-tab.js';

/** What runs when text from a device is taken for markup. */
const hostile = '<img src=x onerror="window.spilt=1">';
const liveMsMax = 1000;
const required = process.env.SPILLWAY_BROWSER_REQUIRED === '1';
const skip = findChromium() || required ? false : noChromium;

describe('console in a browser', { skip }, () => {
  let site: ConsoleSite;
  const signedIn: ConsoleSite['signedIn'] = (...where) => site.signedIn(...where);
  const addDevice: ConsoleSite['addDevice'] = (device) => site.addDevice(device);
  let client: MqttClient;

  before(async () => {
    site = await ConsoleSite.start();
  });

  after(async () => {
    await site?.stop();
  });

  test('a wrong key is refused in words, the right one opens the fleet', async () => {
    const tab = await ConsoleTab.open(site.browser, site.appliance.http);
    const policy = (await tab.page.reload())?.headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src '(none|self)'/);
    assert.doesNotMatch(policy, /unsafe/);
    await tab.page.fill('#admin-key', 'not-the-key');
    await tab.page.press('#admin-key', 'Enter');
    await tab.until(`document.querySelector('#sign-in-refusal').textContent.includes('not the admin key')`);
    await tab.page.fill('#admin-key', site.appliance.adminKey);
    await tab.page.press('#admin-key', 'Enter');
    await tab.page.waitForSelector('h1:text-is("Devices")');
    await tab.page.waitForSelector('.state[data-state="ready"]');
    await tab.until(`document.querySelector('.bar').dataset.live === 'open'`);
    tab.assertHealthy(/status of 401/);
    await tab.close();
  });

  test('a link with the key signs in, and the key leaves the address at once', async () => {
    const tab = await signedIn();
    await tab.page.waitForSelector('h1:text-is("Devices")');
    assert.doesNotMatch(tab.page.url(), /key/);
    assert.equal(await tab.page.evaluate('history.length'), 2);
    await tab.page.reload();
    await tab.page.waitForSelector('h1:text-is("Devices")');
    const wrong = await ConsoleTab.open(site.browser, site.appliance.http, '#key=not-the-key');
    await wrong.page.waitForSelector('#sign-in-refusal:not(:empty)');
    await tab.page.click('button:text-is("Sign out")');
    await tab.page.waitForSelector('#admin-key');
    assert.equal(await tab.page.evaluate('sessionStorage.length'), 0);
    tab.assertHealthy();
    await tab.close();
    await wrong.close();
  });

  test('an empty fleet says what to do; a device added over the API shows up by itself', async () => {
    const tab = await signedIn('&tenant=quiet');
    await tab.page.waitForSelector('.empty h2:text-is("No devices yet")');
    await tab.page.waitForSelector('.empty .command:nth-of-type(2) code:has-text("mosquitto_pub")');
    const { http, mqttPort } = site.appliance;
    const [add, send] = [1, 2].map((at) => tab.text(`.empty .command:nth-of-type(${at}) code`));
    assert.equal(await add, `npx spillway device add --url ${http} --id dev-000001 --tenant quiet`);
    assert.match(await send!, new RegExp(`^mosquitto_pub -h 127\\.0\\.0\\.1 -p ${mqttPort} .* -u quiet `));
    await addDevice({ device_id: 'elsewhere', tenant: 'other place' });
    await tab.page.click('.brand');
    await tab.go('#/devices?tenant=quiet');
    await tab.page.click('.other-tenants a:text-is("other place")');
    await tab.page.waitForSelector('.fleet .id:text-is("elsewhere")');
    await tab.go('#/devices?tenant=quiet');
    await tab.page.waitForSelector('.empty h2:text-is("No devices yet")');
    await addDevice({ device_id: 'quiet-1', tenant: 'quiet' });
    await tab.page.waitForSelector('.fleet .id:text-is("quiet-1")');
    tab.assertHealthy();
    await tab.close();
  });

  test('the dialog adds a device and shows its token once', async () => {
    const tab = await signedIn();
    await tab.page.click('button:text-is("Add device")');
    await tab.page.fill('#new-device', 'by-hand');
    await tab.page.press('#new-device', 'Enter');
    await tab.page.waitForSelector('.dialog h2:text-is("by-hand is registered")');
    const made = await tab.text('.dialog .command code');
    assert.ok(made.length >= 16);
    assert.ok((await tab.text('.dialog .command:nth-of-type(2) code')).includes(made));
    await tab.page.click('.dialog a:text-is("Watch it live")');
    await tab.page.waitForSelector('.empty h2:text-is("Waiting for data")');
    tab.assertHealthy();
    await tab.close();
  });

  test('a fleet of hundreds is paged and searched', async () => {
    const bulk = await site.post('/v1/devices/bulk', { count: 250, id_format: 'bulk-%06d', token, tenant: 'large' });
    assert.equal(bulk.status, 201, await bulk.text());
    const tab = await signedIn('&tenant=large');
    const position = (text: string) => tab.until(`document.querySelector('.position').textContent === '${text}'`);
    await position('1–100 of 250 devices');
    await tab.page.click('button:text-is("Next")');
    await position('101–200 of 250 devices');
    await tab.page.waitForSelector('.fleet .id:text-is("bulk-000101")');
    await tab.page.fill('.filters input[type="search"]', '0021');
    await position('1–11 of 11 matches among 250 devices');
    await tab.page.fill('.filters input[type="search"]', 'no such device');
    await tab.page.waitForSelector('.empty h2:text-is("No device matches")');
    tab.assertHealthy();
    await tab.close();
  });

  test('the server searches by class, group, tag, status and connection, and pages through the matches', async () => {
    for (const [path, body] of [
      ['/v1/devices/bulk', { count: 120, id_format: 'pump-%06d', token, tenant: 'searched', device_class: 'pump' }],
      ['/v1/groups', { name: 'hall', tenant: 'searched' }],
      ['/v1/devices', { device_id: 'fan-1', tenant: 'searched', device_class: 'fan', groups: ['hall'], tags: { floor: '2' } }],
      ['/v1/devices', { device_id: 'fan-2', tenant: 'searched', device_class: 'fan', tags: { floor: '3' } }],
    ] as const) {
      const answer = await site.post(path, body);
      assert.equal(answer.status, 201, await answer.text());
    }
    const tab = await signedIn('&tenant=searched');
    const asked: URLSearchParams[] = [];
    tab.page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.pathname === '/v1/devices' && url.searchParams.has('class')) asked.push(url.searchParams);
    });
    const position = (text: string) => tab.until(`document.querySelector('.position').textContent === '${text}'`);
    const field = async (name: string, text: string) => {
      await tab.page.fill(`.filters input[aria-label="${name}"]`, text);
      await tab.page.press(`.filters input[aria-label="${name}"]`, 'Enter');
    };
    await position('1–100 of 122 devices');
    await field('Class', 'pump');
    await position('1–100 of 120 matches among 122 devices');
    await tab.page.click('button:text-is("Next")');
    await position('101–120 of 120 matches among 122 devices');
    assert.deepEqual([asked[0]?.get('limit'), asked.at(-1)?.get('after')], ['100', 'pump-000100']);
    await field('Class', 'fan');
    await position('1–2 of 2 matches among 122 devices');
    await field('Tag', 'floor=2');
    await position('1–1 of 1 match among 122 devices');
    await tab.page.waitForSelector('.fleet .id:text-is("fan-1")');
    await field('Group', 'cellar');
    await tab.page.waitForSelector('.refusal:has-text("(group_unknown)")');
    assert.equal(await tab.page.locator('.fleet .id').count(), 0, 'a refused search shows no devices of the one before');
    await field('Group', 'hall');
    await tab.page.waitForSelector('.fleet .id:text-is("fan-1")');
    await tab.page.selectOption('.filters select[aria-label="Status"]', 'active');
    await tab.page.selectOption('.filters select[aria-label="Connection"]', 'away');
    await position('1–1 of 1 match among 122 devices');
    await tab.page.selectOption('.filters select[aria-label="Connection"]', 'connected');
    await position('No match among 122 devices');
    tab.assertHealthy(/status of 404/);
    await tab.close();
  });

  test('a reading published over MQTT is painted in the live chart, and the rate moves', async (context) => {
    await addDevice({ device_id: 'live-1' });
    client = await site.connect('live-1');
    const tab = await signedIn();
    await tab.go('#/devices/live-1');
    await tab.page.waitForSelector('.empty h2:text-is("Waiting for data")');
    await publish(client, 'live-1', { temperature: 0, state: 'idle' });
    await tab.page.waitForSelector('.chart[data-metric="temperature"][data-last-value="0"]');
    const latencies: number[] = [];
    for (let value = 1; value <= 25; value++) {
      const sentMs = performance.timeOrigin + performance.now();
      const sent = publish(client, 'live-1', { temperature: value, state: value % 2 ? 'heating' : 'idle' });
      const chart = `document.querySelector('.chart[data-metric="temperature"]').dataset`;
      await tab.until(`${chart}.lastValue === '${value}'`);
      latencies.push(Number(await tab.page.evaluate(`${chart}.paintedMs`)) - sentMs);
      await sent;
    }
    latencies.sort((a, b) => a - b);
    const median = latencies[latencies.length >> 1]!;
    context.diagnostic(`publish to painted point: median ${median.toFixed(1)} ms, worst ${latencies.at(-1)!.toFixed(1)} ms`);
    assert.ok(median < liveMsMax * SLOWNESS, `a live point takes ${median} ms`);
    await tab.page.waitForSelector('.metrics tr[data-metric="state"] td.value:text-is("heating")');
    await rateMoves(tab);
    tab.assertHealthy();
    await tab.close();
  });

  async function rateMoves(tab: ConsoleTab): Promise<void> {
    const timer = setInterval(() => void publish(client, 'live-1', { temperature: 26 }), 20);
    try {
      await tab.until(
        `['messages', 'readings', 'connections'].every((name) => parseFloat(document.querySelector('[data-stat=' + name + ']').textContent) > 0)`,
      );
    } finally {
      clearInterval(timer);
    }
    await publish(client, 'live-1', { temperature: 26 });
  }

  test('the page of a device that is registered later comes to life by itself', async () => {
    const tab = await signedIn();
    await tab.go('#/devices/late-1');
    await tab.page.waitForSelector('.empty h2:text-is("This device is not registered")');
    await addDevice({ device_id: 'late-1' });
    await tab.page.waitForSelector('.empty h2:text-is("Waiting for data")');
    await publish(await site.connect('late-1'), 'late-1', { temperature: 7 });
    await tab.page.waitForSelector('.chart[data-metric="temperature"][data-last-value="7"]');
    tab.assertHealthy(/status of 404/);
    await tab.close();
  });

  test('history is charted, pausing holds the picture, text metrics become a log', async () => {
    const tab = await signedIn();
    await tab.go('#/devices/live-1?metric=temperature&metric=state');
    await tab.page.waitForSelector('.chart[data-metric="temperature"][data-last-value="26"]');
    await tab.page.waitForSelector('.chart.text[data-metric="state"] .text-value:text-is("idle")');
    await tab.until(`document.querySelector('.chart-summary').textContent.includes('min 0')`);
    await tab.page.click('button:text-is("Pause")');
    await publish(client, 'live-1', { temperature: 99 });
    await tab.page.waitForSelector('.metrics tr[data-metric="temperature"] td.value:text-is("99")');
    assert.equal(await tab.text('.chart[data-metric="temperature"] .chart-value'), '26');
    await tab.page.click('button:text-is("Resume")');
    await tab.page.waitForSelector('.chart[data-metric="temperature"][data-last-value="99"]');
    await tab.page.uncheck('.metrics tr[data-metric="state"] input');
    await tab.page.waitForSelector('.chart.text', { state: 'detached' });
    tab.assertHealthy();
    await tab.close();
  });

  test('a payload that cannot be decoded is a dead letter with its bytes and what helps', async () => {
    const tab = await signedIn();
    await tab.go('#/dead-letters');
    await tab.page.waitForSelector('.empty h2:text-is("No dead letters")');
    await client.publishAsync('devices/live-1/telemetry', `{"metrics": ${hostile}`, { qos: 1 });
    await tab.page.click('.letter[data-reason="json_malformed"] summary');
    assert.equal(await tab.text('.letter .letter-device'), 'live-1');
    assert.equal(await tab.text('.letter pre'), `{"metrics": ${hostile}`);
    await tab.page.waitForSelector('.letter dl dd:has-text("the payload is not JSON")');
    await tab.page.click('.letter button:text-is("Show as hex")');
    assert.match(await tab.text('.letter pre'), /^000000 {2}7b 22 6d /);
    await assertHarmless(tab);
    await tab.page.fill('.letter textarea', '{"mended": 1}');
    await tab.page.click('.letter button:text-is("Try again, mended")');
    await tab.page.waitForSelector('.letter [role="status"]:text-is("Stored.")');
    tab.assertHealthy();
    await tab.close();
  });

  test('the ledger of a device shows what became of its messages, and which numbers never came', async () => {
    await addDevice({ device_id: 'ledger-1' });
    const client = await site.connect('ledger-1');
    const send = (seq: number) =>
      client.publishAsync('devices/ledger-1/telemetry', JSON.stringify({ ts: 1_790_000_000_000 + seq, metrics: { v: seq }, seq }), {
        qos: 1,
      });
    for (const seq of [1, 2, 2, 5]) await send(seq);
    await client.publishAsync('devices/ledger-1/telemetry', 'no json', { qos: 1 });
    const tab = await signedIn();
    await tab.go('#/devices/ledger-1');
    await tab.page.waitForSelector('.ledger[data-balanced="true"] dd:text-is("1: 1 json_malformed")');
    assert.match(await tab.text('.ledger dl'), /Received5Stored3Duplicates1Dead letters1: 1 json_malformedRejected0In flight0/);
    await tab.page.waitForSelector('.ledger dd:text-is("2: 3–4")');
    await send(3);
    await send(4);
    await tab.page.waitForSelector('.ledger dd:text-is("none")');
    tab.assertHealthy();
    await tab.close();
  });

  test('names and values that look like markup stay text', async () => {
    await addDevice({ device_id: 'hostile-1', device_class: hostile, metadata: { note: hostile } });
    const client = await site.connect('hostile-1');
    const tab = await signedIn();
    await tab.page.waitForSelector('.fleet .id:text-is("hostile-1")');
    await publish(client, 'hostile-1', { [hostile]: 1, note: hostile });
    await tab.until(`document.querySelector('.fleet').textContent.includes(${JSON.stringify(hostile)})`);
    await tab.go('#/devices/hostile-1');
    await tab.until(`document.querySelector('.chart-name')?.textContent === ${JSON.stringify(hostile)}`);
    await tab.until(`document.querySelector('dl').textContent.includes('onerror')`);
    // Whether or not the registry takes such an id, the address can name it.
    await tab.go(`#/devices/${encodeURIComponent(hostile)}?tenant=${encodeURIComponent(hostile)}`);
    await tab.page.waitForSelector('.empty h2:text-is("This device is not registered")');
    assert.equal(await tab.text('h1'), hostile);
    await assertHarmless(tab);
    tab.assertHealthy(/status of 404/);
    await tab.close();
  });

  async function assertHarmless(tab: ConsoleTab): Promise<void> {
    assert.equal(await tab.page.evaluate('window.spilt'), undefined);
    assert.equal(await tab.page.locator('img[src="x"]').count(), 0);
  }

  test('no page is wider than a phone', async () => {
    const tab = await signedIn('', { width: 390, height: 844 });
    for (const [fragment, there] of [
      ['#/devices', '.fleet .id:text-is("live-1")'],
      ['#/devices/live-1', '.chart[data-metric="temperature"]'],
      ['#/dead-letters', '.letter'],
    ] as const) {
      await tab.go(fragment);
      await tab.page.waitForSelector(there);
      assert.ok(Number(await tab.page.evaluate('document.documentElement.scrollWidth')) <= 390, fragment);
    }
    tab.assertHealthy();
    await tab.close();
  });

  test('after a restart of the server the page comes back by itself, without a gap', async () => {
    const tab = await signedIn();
    await tab.go('#/devices/live-1');
    await tab.page.waitForSelector('.chart[data-metric="temperature"][data-last-value]');
    await site.appliance.stop();
    await tab.until(`!document.querySelector('.away').hidden`);
    assert.match(await tab.text('.away'), /^Connection lost/);
    await tab.page.waitForSelector('.state[data-state="away"]');
    await site.startAgain();
    const late = await fetch(`${site.appliance.http}/v1/ingest/live-1`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ ts: Date.now(), metrics: { temperature: 41 } }),
    });
    assert.equal(late.status, 202, await late.text());
    await tab.until(`document.querySelector('.away').hidden && document.querySelector('.bar').dataset.live === 'open'`);
    await tab.page.waitForSelector('.chart[data-metric="temperature"][data-last-value="41"]');
    tab.assertHealthy(/ERR_CONNECTION_REFUSED|WebSocket|status of 503/);
    await tab.close();
  });
});
