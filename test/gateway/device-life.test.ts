import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DeviceEntry } from '../../src/contract/devices.js';
import { hashToken } from '../../src/contract/token.js';
import { disconnect, puback, publish } from '../cases/mqtt-bytes.js';
import { connackAccepted, connectAs } from '../cases/mqtt-case.js';
import { SLOWNESS, until } from '../support/until.js';
import { device, GatewayThread, TOKEN } from './gateway-thread.js';
import { RawClient } from './raw-client.js';

const OWN = 'devices/dev-1/telemetry';
/** A client has so long to sign in with a token that is about to end. */
const GRACE_MS = 1000 * SLOWNESS;
const NOT_AUTHORIZED = 0x87;
const ADMINISTRATIVE_ACTION = 0x98;

/** dev-1 with a present token, and for `graceMs` the one before it. */
function withTokens(present: string, previous?: string, graceMs = 60_000): DeviceEntry {
  const hash = (token: string) => hashToken('default', 'dev-1', token);
  const before = previous === undefined ? {} : { previousToken: { hash: hash(previous), untilMs: Date.now() + graceMs } };
  return device(1, 'dev-1', { tokenHash: hash(present), ...before });
}

async function open(gateway: GatewayThread, password: string, clientId = 'dev-1'): Promise<RawClient> {
  const client = await RawClient.open(gateway.port);
  client.write(connectAs(5, { clientId, password }));
  return client;
}

async function login(gateway: GatewayThread, password: string, clientId?: string): Promise<RawClient> {
  const client = await open(gateway, password, clientId);
  await client.expect(connackAccepted[5]);
  return client;
}

async function expectRefused(gateway: GatewayThread, password: string, clientId?: string): Promise<void> {
  const client = await open(gateway, password, clientId);
  await until('the end of the connection', () => client.hasEnded);
  assert.deepEqual([...client.heard], [0x20, 3, 0, 0x86, 0]);
}

async function expectCut(client: RawClient, reason: number): Promise<void> {
  await until('the end of the connection', () => client.hasEnded);
  assert.deepEqual([...client.heard], [...disconnect(reason)]);
}

async function withGateway(devices: readonly DeviceEntry[], run: (gateway: GatewayThread) => Promise<void>): Promise<void> {
  const gateway = await GatewayThread.start(devices);
  try {
    await run(gateway);
  } finally {
    await gateway.stop();
  }
}

describe('tokens that are replaced', () => {
  test('both tokens are valid for the time of grace; at its end, connections with the old token are ended and refused', () =>
    withGateway([withTokens('token-1')], async (gateway) => {
      const client = await login(gateway, 'token-1');
      await gateway.putDevices([withTokens('token-2', 'token-1')]);
      await client.expectPing();
      client.close();
      (await login(gateway, 'token-2')).close();
      const late = await login(gateway, 'token-1');
      await late.expectPing();
      late.close();
      await gateway.putDevices([withTokens('token-3', 'token-2', GRACE_MS)]);
      const old = await login(gateway, 'token-2');
      await expectCut(old, NOT_AUTHORIZED);
      await expectRefused(gateway, 'token-2');
      await expectRefused(gateway, 'token-1');
      (await login(gateway, 'token-3')).close();
    }));

  test('a client that was connected when its token was replaced is cut off at the end of the grace, others are not', () =>
    withGateway([withTokens('token-1'), device(2, 'dev-2')], async (gateway) => {
      const other = await login(gateway, TOKEN, 'dev-2');
      const client = await login(gateway, 'token-1');
      await gateway.putDevices([withTokens('token-2', 'token-1', 200)]);
      await expectCut(client, NOT_AUTHORIZED);
      const next = await login(gateway, 'token-2');
      await gateway.putDevices([withTokens('token-2', 'token-1', 200)]);
      await next.expectPing();
      await other.expectPing();
      next.close();
      other.close();
    }));

  test('without grace the old token ends at once, as does one that is older than the two that are valid', () =>
    withGateway([withTokens('token-1')], async (gateway) => {
      const first = await login(gateway, 'token-1');
      await gateway.putDevices([withTokens('token-2')]);
      await expectCut(first, NOT_AUTHORIZED);
      const second = await login(gateway, 'token-2');
      await gateway.putDevices([withTokens('token-3', 'token-2')]);
      await second.expectPing();
      await gateway.putDevices([withTokens('token-4', 'token-3')]);
      await expectCut(second, NOT_AUTHORIZED);
      // Two replacements that this gateway learned of as one.
      const fourth = await login(gateway, 'token-4');
      await gateway.putDevices([withTokens('token-6', 'token-5')]);
      await expectCut(fourth, NOT_AUTHORIZED);
    }));
});

describe('devices that are deleted', () => {
  test('they are cut off and unknown, and what they had sent keeps their number', () =>
    withGateway([withTokens('token-1')], async (gateway) => {
      const client = await login(gateway, 'token-1');
      client.write(publish({ level: 5, topic: OWN, qos: 1, packetId: 1, payload: '1' }));
      await client.expect(puback(1));
      await gateway.deleteDevices([1]);
      await expectCut(client, ADMINISTRATIVE_ACTION);
      await expectRefused(gateway, 'token-1');
      await gateway.putDevices([{ ...withTokens('token-1'), number: 9 }]);
      const anew = await login(gateway, 'token-1');
      anew.write(publish({ level: 5, topic: OWN, qos: 1, packetId: 2, payload: '2' }));
      await anew.expect(puback(2));
      assert.deepEqual(
        gateway.records.map(({ device: number, payload }) => [number, payload]),
        [
          [1, '1'],
          [9, '2'],
        ],
      );
      anew.close();
    }));

  test('a gateway device no longer speaks for one, also when it did so a moment ago', () =>
    withGateway([device(1, 'gw-1'), device(2, 'sub-1', { via: 1 }), device(3, 'sub-2', { via: 1 })], async (gateway) => {
      const client = await login(gateway, TOKEN, 'gw-1');
      const send = async (id: string, packetId: number, reason?: number) => {
        client.write(publish({ level: 5, topic: `devices/${id}/telemetry`, qos: 1, packetId }));
        await client.expect(puback(packetId, reason));
      };
      let packetId = 0;
      for (const id of ['sub-1', 'sub-2', 'sub-1', 'sub-2']) await send(id, ++packetId);
      await gateway.deleteDevices([3]);
      await send('sub-1', ++packetId);
      await send('sub-2', ++packetId, NOT_AUTHORIZED);
      await send('sub-1', ++packetId);
      await gateway.putDevices([device(4, 'sub-2', { via: 1 })]);
      await send('sub-2', ++packetId);
      assert.equal(gateway.records.at(-1)?.device, 4);
      client.close();
    }));
});
