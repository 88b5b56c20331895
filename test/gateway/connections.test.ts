import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_ADDRESS_EXHAUSTED } from '../../assembly/abi/codes.js';
import { caseDevices } from '../cases/mqtt-devices.js';
import { until } from '../support/until.js';
import { GatewayThread } from './gateway-thread.js';
import { RawClient } from './raw-client.js';

test('of one address few connections may be without a CONNECT, and any number of others', async () => {
  const gateway = await GatewayThread.start(caseDevices, 4, { unauthenticatedMax: 2 });
  const silent = [await RawClient.open(gateway.port), await RawClient.open(gateway.port)];
  const third = await RawClient.open(gateway.port);
  await third.expectEnd();
  await until('the refusal to be counted', () => gateway.counter(CODE_ADDRESS_EXHAUSTED) === 1);
  silent[0]!.close();
  // A device that is known takes no place of those that are not.
  const devices: RawClient[] = [];
  for (const id of ['dev-1', 'dev-2', 'sub-1']) devices.push(await login(gateway.port, id));
  for (const device of devices) await device.expectPing();
  for (const client of [...silent, ...devices]) client.close();
  await gateway.stop();
  assert.ok(gateway.counter(CODE_ADDRESS_EXHAUSTED) >= 1);
});

/** The place of a connection that was closed a moment ago may not be free yet. */
async function login(port: number, id: string): Promise<RawClient> {
  for (let left = 200; ; left--) {
    try {
      return await RawClient.login(port, id, 5);
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}
