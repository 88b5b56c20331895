import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readMessage } from '../../src/gateway/coap/message.js';
import { chooseReactor } from '../../src/reactor/open-reactor.js';
import { codeOf, request } from '../gateway/coap-client.js';
import { DtlsClient } from '../gateway/dtls-client.js';
import { call } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const CLIENTS = 6;
const MOVES = 5;

if (chooseReactor('auto').name === 'native') {
  const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-coaps-'));
  let appliance: Appliance;

  before(async () => {
    appliance = await startAppliance({ SPILLWAY_STATE: stateFolder, SPILLWAY_GATEWAYS: '3', SPILLWAY_COAPS_PORT: '0' });
    await call(appliance, 'POST', '/v1/devices', { device_id: 'roamer' });
    await call(appliance, 'POST', '/v1/devices/roamer/credentials', { type: 'psk', key: 'key-of-the-roamer' });
  });

  after(async () => {
    await appliance.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  });

  test('clients that move find the gateway thread of their connection id', async () => {
    const codes: string[] = [];
    for (let number = 0; number < CLIENTS; number++) {
      const settings = { identity: 'roamer', key: 'key-of-the-roamer', cid: Buffer.from([number + 1]) };
      const client = await new DtlsClient(appliance.coapsPort!, settings).connect();
      for (let move = 0; move < MOVES; move++) {
        client.move();
        client.send(request({ queries: [], path: 'devices/roamer/telemetry', payload: `{"t":${number * MOVES + move}}` }));
        await until('an answer', () => client.messages.length > move);
        codes.push(codeOf(readMessage(client.messages[move]!)));
      }
      client.close();
    }
    assert.deepEqual(
      codes,
      Array.from({ length: CLIENTS * MOVES }, () => '2.04'),
    );
  });

  test('the metrics say what became of clients and their handshakes', async () => {
    const value = async (series: string) => {
      const text = await (await fetch(`${appliance.http}/metrics`)).text();
      const line = text.split('\n').find((one) => one.startsWith(`${series} `));
      return Number(line?.slice(series.length));
    };
    const gauges = [
      'spillway_dtls_associations',
      'spillway_dtls_handshakes_total',
      'spillway_dtls_moved_total',
      'spillway_dtls_records_dropped_total',
    ];
    const [open, done, moved, dropped] = (await Promise.all(gauges.map(value))) as [number, number, number, number];
    const client = await new DtlsClient(appliance.coapsPort!, {
      identity: 'roamer',
      key: 'key-of-the-roamer',
      cid: Buffer.of(77),
    }).connect();
    await until('the association', async () => (await value(gauges[0]!)) === open + 1 && (await value(gauges[1]!)) === done + 1);
    client.move();
    client.send(request({ queries: [], path: 'devices/roamer/telemetry', payload: '{"t":-1}' }));
    await until('the answer', () => client.messages.length === 1);
    client.raw(client.sent.at(-1)!);
    await until('the move', async () => (await value(gauges[2]!)) === moved + 1 && (await value(gauges[3]!)) === dropped + 1);
    client.leave();
    await until('the end', async () => (await value(gauges[0]!)) === open);
    client.close();
    const [shaking, evicted] = await Promise.all([value('spillway_dtls_handshakes'), value('spillway_dtls_evicted_total')]);
    assert.deepEqual([shaking, evicted], [0, 0]);
    const stranger = await new DtlsClient(appliance.coapsPort!, { identity: 'nobody', key: 'no-key' }).connect();
    assert.deepEqual(stranger.alerts, [51]);
    stranger.close();
    await until('the refusal', async () => (await value('spillway_messages_refused_total{code="dtls_identity_unknown"}')) === 1);
  });
}
