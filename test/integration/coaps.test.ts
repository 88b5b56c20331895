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
}
