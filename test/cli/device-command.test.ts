import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/config.js';
import { startApplianceDouble } from './appliance-double.js';
import { hostedOutcome } from './hosted-command.js';
import { temporaryFolder } from './run-spillway.js';

async function applianceIn(folder: string) {
  const config = loadConfig({ env: { SPILLWAY_HTTP_PORT: '0', SPILLWAY_MQTT_PORT: '0' }, folder });
  return startApplianceDouble(config);
}

test('one device: added with its token, shown, listed; the key comes from the state folder', async (t) => {
  const folder = temporaryFolder(t);
  const appliance = await applianceIn(folder);
  t.after(() => appliance.stop());
  const env = { SPILLWAY_HTTP_PORT: String(appliance.httpPort) };
  const added = await hostedOutcome(
    folder,
    ['device', 'add', '--id', 'dev-1', '--token', 'a-long-token', '--via', 'gw-1', '--class', 'thermo'],
    env,
  );
  assert.equal(added.code, 0);
  assert.match(added.stdout, /^dev-1 registered as number 1 of tenant default\n {2}token +a-long-token /);
  assert.deepEqual(appliance.fleet.devices.get('default/dev-1'), {
    device_id: 'dev-1',
    tenant: 'default',
    token: 'a-long-token',
    number: 1,
    via: 'gw-1',
    device_class: 'thermo',
  });
  const bridge = await hostedOutcome(folder, ['device', 'add', '--id', 'z-bridge', '--subdevices'], env);
  assert.equal(bridge.code, 0);
  assert.deepEqual(appliance.fleet.metadata.get('default/z-bridge'), { subdevices: true });
  const shown = await hostedOutcome(folder, ['device', 'show', 'dev-1'], env);
  assert.match(shown.stdout, /^ {2}via +gw-1$/m);
  assert.match(shown.stdout, /^ {2}temperature +21\.5 /m);
  const listed = await hostedOutcome(folder, ['device', 'list', '--json'], env);
  assert.equal(JSON.parse(listed.stdout).devices[0].device_id, 'dev-1');
});

test('a bulk with gateways, its repetition, and a list in pages', async (t) => {
  const folder = temporaryFolder(t);
  const appliance = await applianceIn(folder);
  t.after(() => appliance.stop());
  const at = ['--url', appliance.httpUrl];
  const bulk = [
    'device',
    'add',
    '--count',
    '1200',
    '--id-format',
    'dev-%06d',
    '--token',
    'a-long-token',
    '--via',
    'gw-%06d',
    '--per-gateway',
    '500',
    ...at,
  ];
  const first = await hostedOutcome(folder, bulk);
  assert.equal(first.code, 0);
  assert.equal(first.stdout, '1,200 devices registered, dev-000001 to dev-001200, and 3 gateways\n');
  assert.equal(appliance.fleet.devices.get('default/dev-001200')?.via, 'gw-000003');
  const second = await hostedOutcome(folder, bulk);
  assert.equal(
    second.stdout,
    '0 devices registered, dev-000001 to dev-001200; 1,203 were there already and keep token and gateway (gw-000001, dev-000001, dev-000002, …)\n',
  );
  const page = await hostedOutcome(folder, ['device', 'list', '--limit', '2', '--after', 'dev-000007', ...at]);
  assert.match(page.stdout, /^dev-000008 .*\ndev-000009 .*\n2 of 1,203 devices; more: --after dev-000009\n$/m);
});

test('tenants are listed, and a list of devices that is empty names those that have some', async (t) => {
  const folder = temporaryFolder(t);
  const appliance = await applianceIn(folder);
  t.after(() => appliance.stop());
  const at = ['--url', appliance.httpUrl];
  const nobody = await hostedOutcome(folder, ['device', 'list', ...at]);
  assert.deepEqual([nobody.code, nobody.stdout], [0, 'No tenant has devices yet. Add one: npx spillway device add --id ID\n']);
  for (const id of ['a', 'b']) appliance.fleet.add('demo', id, 'a-long-token');
  const empty = await hostedOutcome(folder, ['device', 'list', ...at]);
  assert.equal(empty.stdout, 'Tenant default has no devices. Tenants that have: demo (2). Name one: --tenant demo\n');
  const tenants = await hostedOutcome(folder, ['tenant', 'list', ...at]);
  assert.equal(tenants.stdout, 'TENANT  DEVICES\ndemo    2\n');
  const json = await hostedOutcome(folder, ['tenant', 'list', '--json', ...at]);
  assert.deepEqual(JSON.parse(json.stdout), { tenants: [{ tenant: 'demo', devices: 2 }] });
});

test('a bulk without a token shows each device its own', async (t) => {
  const folder = temporaryFolder(t);
  const appliance = await applianceIn(folder);
  t.after(() => appliance.stop());
  const { stdout } = await hostedOutcome(folder, ['device', 'add', '--count', '2', '--url', appliance.httpUrl]);
  assert.match(stdout, /^dev-000001\ttoken-dev-000001\ndev-000002\ttoken-dev-000002\n$/m);
});

test('a token is replaced, and a device deleted', async (t) => {
  const folder = temporaryFolder(t);
  const appliance = await applianceIn(folder);
  t.after(() => appliance.stop());
  const at = ['--url', appliance.httpUrl];
  appliance.fleet.add('acme', 'dev-1', 'the-first-token');
  const ofDevice = ['dev-1', '--tenant', 'acme', ...at];
  const rotated = await hostedOutcome(folder, ['device', 'rotate-token', ...ofDevice, '--grace', '60', '--token', 'the-second-token']);
  assert.equal(
    rotated.stdout,
    'dev-1 has a new token\n  token     the-second-token   (shown this once)\n  previous  valid until in 60 s\n',
  );
  assert.equal(appliance.fleet.devices.get('acme/dev-1')?.token, 'the-second-token');
  const now = await hostedOutcome(folder, ['device', 'rotate-token', ...ofDevice, '--grace', '0', '--json']);
  assert.deepEqual(JSON.parse(now.stdout), { device_id: 'dev-1', auth_token: 'made-token', previous_valid_until: null });
  const removed = await hostedOutcome(folder, ['device', 'rm', ...ofDevice]);
  assert.equal(removed.stdout, 'dev-1 is deleted; its readings stay under number 1\n');
  const again = await hostedOutcome(folder, ['device', 'rm', ...ofDevice, '--json']);
  assert.deepEqual([again.code, JSON.parse(again.stderr).error.code], [1, 'device_unknown']);
});

test('what the appliance refuses keeps its code and way out', async (t) => {
  const folder = temporaryFolder(t);
  const appliance = await applianceIn(folder);
  t.after(() => appliance.stop());
  const at = ['--url', appliance.httpUrl];
  const unknown = await hostedOutcome(folder, ['device', 'show', 'dev-9', ...at]);
  assert.equal(unknown.code, 1);
  assert.equal(
    unknown.stderr,
    'spillway: cannot read device dev-9: it is not in the registry\n  way out: register it: npx spillway device add --id ID\n',
  );
  const wrongKey = await hostedOutcome(folder, ['device', 'list', '--json', ...at], { SPILLWAY_ADMIN_KEY: 'wrong' });
  assert.equal(wrongKey.code, 1);
  assert.equal(JSON.parse(wrongKey.stderr).error.code, 'admin_key_invalid');
});

test('nothing that listens, no key, and options that exclude each other: each with a way out', async (t) => {
  const folder = temporaryFolder(t);
  const appliance = await applianceIn(folder);
  await appliance.stop();
  const gone = await hostedOutcome(folder, ['device', 'list', '--url', appliance.httpUrl]);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /^spillway: cannot reach the appliance at http:\S+: nothing listens there\n {2}way out: start it/);
  const noKey = await hostedOutcome(temporaryFolder(t), ['device', 'list', '--json']);
  assert.equal(JSON.parse(noKey.stderr).error.code, 'admin_key_missing');
  const both = await hostedOutcome(folder, ['device', 'add', '--id', 'a', '--count', '2']);
  assert.equal(both.code, 2);
  const alone = await hostedOutcome(folder, ['device', 'add', '--id-format', 'a-%d']);
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /--id-format needs --count/);
});
