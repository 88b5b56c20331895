import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { call, committed } from '../support/api.js';
import { startAppliance } from '../support/appliance.js';
import { certify } from '../support/certificate.js';
import { launchChromium } from './chromium.js';

const TOKEN = 'token-of-a-web-page';
const DEVICE = 'web-page';

/** Runs in the page: publishes one message over the WebSocket at `url`, and answers what became of it. */
async function publish(from: { url: string; id: string; token: string; value: number }): Promise<string> {
  // biome-ignore lint/suspicious/noExplicitAny: the bundle of mqtt.js for browsers names itself so.
  const { mqtt } = globalThis as any;
  const client = await mqtt.connectAsync(
    from.url,
    { clientId: from.id, username: 'default', password: from.token, reconnectPeriod: 0 },
    false,
  );
  await client.publishAsync(`devices/${from.id}/telemetry`, JSON.stringify({ metrics: { n: from.value } }), { qos: 1 });
  await client.endAsync();
  return 'acknowledged';
}

test('a web page publishes over each WebSocket: with and without TLS, on their own ports and on those of HTTP', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-page-'));
  const { cert, key } = certify('localhost', certify('authority of the server'));
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const ports = { SPILLWAY_MQTT_WS_PORT: '0', SPILLWAY_MQTT_WSS_PORT: '0', SPILLWAY_HTTPS_PORT: '0' };
  const appliance = await startAppliance({ ...ports, SPILLWAY_TLS_CERT: certFile, SPILLWAY_TLS_KEY: keyFile });
  const browser = await launchChromium();
  try {
    await call(appliance, 'POST', '/v1/devices', { device_id: DEVICE, tenant: 'default', token: TOKEN });
    const { http, mqttWsPort, mqttWssPort, httpsPort } = appliance;
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('mqtt/dist/mqtt.min') });
    const urls = [
      `ws://127.0.0.1:${mqttWsPort}`,
      `wss://127.0.0.1:${mqttWssPort}`,
      http.replace('http', 'ws'),
      `wss://127.0.0.1:${httpsPort}`,
    ];
    for (const [value, url] of urls.entries()) {
      const outcome = await page.evaluate(publish, { url: `${url}/mqtt`, id: DEVICE, token: TOKEN, value });
      assert.equal(outcome, 'acknowledged', url);
    }
    await committed(appliance);
    const { points } = await call<{ points: { value: number }[] }>(
      appliance,
      'GET',
      `/v1/devices/${DEVICE}/metrics?metric=n&tenant=default`,
    );
    assert.deepEqual(
      points.map((point) => point.value),
      [0, 1, 2, 3],
    );
  } finally {
    await browser.close();
    await appliance.stop();
    rmSync(folder, { recursive: true });
  }
});
