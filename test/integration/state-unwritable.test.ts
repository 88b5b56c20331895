import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { call, committed } from '../support/api.js';
import { startAppliance } from '../support/appliance.js';

test('a state folder that cannot be written refuses a registration as a whole, and takes it once it can be', async () => {
  const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-unwritable-'));
  const appliance = await startAppliance({ SPILLWAY_STATE: stateFolder });
  const token = 'a-token-for-the-full-state-folder';
  const register = () => call(appliance, 'POST', '/v1/devices', { device_id: 'late', token });
  // In the way of the mark's next version, as a full disk would be.
  const obstacle = join(stateFolder, 'log-database.json.new');
  try {
    mkdirSync(obstacle);
    await assert.rejects(register(), /503 .*"state_unwritable"/);
    await assert.rejects(call(appliance, 'GET', '/v1/devices/late'), /404 .*"device_unknown"/);
    rmdirSync(obstacle);
    await register();
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${appliance.http}/v1/ingest/late`, { method: 'POST', headers, body: '{"metrics":{"n":1}}' });
    assert.equal(answer.status, 202, await answer.text());
    await committed(appliance);
  } finally {
    await appliance.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  }
});
