import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { COUNTER_GATEWAY_DTLS_OPEN } from '../../assembly/abi/counters.js';
import type { CredentialEntry } from '../../src/contract/identity/credential.js';
import { readMessage } from '../../src/gateway/coap/message.js';
import { chooseReactor } from '../../src/reactor/open-reactor.js';
import { Random } from '../support/random.js';
import { until } from '../support/until.js';
import { codeOf, request } from './coap-client.js';
import { DtlsClient, type DtlsSettings } from './dtls-client.js';
import { device, GatewayThread } from './gateway-thread.js';

const reactor = (process.env.REACTOR ?? 'auto') as 'auto' | 'native' | 'portable';
const isNative = chooseReactor(reactor).name === 'native';
const BOUNDS = { notBeforeMs: null, expiresMs: null };
const [OPEN, SHAKING, ESTABLISHED, DROPPED, , MOVED] = [0, 1, 2, 3, 4, 5].map((index) => COUNTER_GATEWAY_DTLS_OPEN + index) as [
  number,
  number,
  number,
  number,
  number,
  number,
];
const CID = Buffer.from([1, 2, 3]);
const NO_TOKEN = { queries: [] };

function psk(id: number, key: string, more: Partial<CredentialEntry> = {}): CredentialEntry {
  return { id, type: 'psk', key: Buffer.from(key), ...BOUNDS, ...more } as CredentialEntry;
}

if (!isNative) {
  test('the portable reactor says that it has no DTLS, and what to do', async () => {
    const cause = await GatewayThread.startRefused({ hasDtls: true });
    assert.match(cause, /^cannot listen on 127\.0\.0\.1:0 for CoAP over DTLS: .* npm run build:native.* or leave SPILLWAY_COAPS_PORT out$/);
  });
} else {
  describe('CoAP over DTLS', () => {
    let gateway: GatewayThread;
    const clients: DtlsClient[] = [];

    before(async () => {
      const devices = [device(1, 'ts1'), device(2, 'behind', { via: 1 }), device(3, 'ts1', { tenant: 'acme' }), device(4, 'other')];
      gateway = await GatewayThread.start([...devices, device(5, 'sleeper', { status: 'inactive' })], 4, { hasDtls: true });
      for (const [number, ...keys] of [
        [1, psk(1, 'old-key-1'), psk(2, 'new-key-1')],
        [3, psk(3, 'acme-key')],
        [4, psk(4, 'key-of-other')],
        [5, psk(5, 'key-of-sleeper')],
      ] as [number, ...CredentialEntry[]][]) {
        await give(number, ...keys);
      }
    });

    after(async () => {
      for (const client of clients) client.close();
      await gateway.stop();
    });

    async function give(number: number, ...credentials: CredentialEntry[]): Promise<void> {
      gateway.post({ kind: 'identity', token: 0, news: [{ subject: 'credentials', device: number, credentials }] });
      await gateway.caughtUp();
    }

    function client(settings: Partial<DtlsSettings> = {}): DtlsClient {
      const made = new DtlsClient(gateway.ports.coaps!, { identity: 'ts1', key: 'new-key-1', ...settings });
      clients.push(made);
      return made;
    }

    async function ask(from: DtlsClient, bytes: Buffer): Promise<string> {
      const before = from.messages.length;
      from.send(bytes);
      await until('an answer', () => from.messages.length > before);
      return codeOf(readMessage(from.messages[before]!));
    }

    const taken = (payload: string) => gateway.records.filter((record) => record.payload === payload).map((record) => record.device);

    for (const [name, settings, asked, number] of [
      ['with CCM8', {}, {}, 1],
      ['with AES-GCM', { suite: 'gcm' }, {}, 1],
      ['with the older of two keys', { key: 'old-key-1' }, {}, 1],
      ['of another tenant', { identity: 'acme/ts1', key: 'acme-key' }, {}, 3],
      ['of another tenant, by its query', { identity: 'acme/ts1', key: 'acme-key' }, { queries: ['tenant=acme'] }, 3],
      ['for a device behind it', {}, { path: 'devices/behind/telemetry' }, 2],
      ['with a connection id both ways', { cid: CID }, {}, 1],
      ['with a connection id to the server', { cid: Buffer.alloc(0), suite: 'gcm' }, {}, 1],
    ] as [string, Partial<DtlsSettings>, object, number][]) {
      test(`a message is taken in without a token: ${name}`, async () => {
        const payload = `{"case":"${name}"}`;
        const from = await client(settings).connect();
        assert.equal(from.serverCid.length, settings.cid ? 8 : 0);
        assert.equal(await ask(from, request({ ...NO_TOKEN, ...asked, payload })), '2.04');
        assert.deepEqual(taken(payload), [number]);
        const sentWith = settings.cid?.length ? 25 : 23;
        assert.equal(from.datagrams.at(-1)?.[0], sentWith);
      });
    }

    test('a device does not write for another, token or not', async () => {
      const from = await client().connect();
      for (const path of ['devices/other/telemetry', 'devices/nobody/telemetry']) {
        assert.equal(await ask(from, request({ path, payload: '{"of":"another"}' })), '4.03');
      }
      assert.deepEqual(taken('{"of":"another"}'), []);
    });

    test('a wrong key and all names without a key end the handshake at the same message, by the same alert', async () => {
      const before = gateway.refusals();
      const cases: Partial<DtlsSettings>[] = [
        { key: 'new-key-2' },
        { identity: 'nobody' },
        { identity: 'behind' }, // It has no key.
        { identity: 'sleeper', key: 'key-of-sleeper' }, // It is not active.
      ];
      const clients = await Promise.all(cases.map((settings) => client(settings).connect()));
      assert.deepEqual(
        clients.map(({ isOpen, alerts }) => [isOpen, ...alerts]),
        cases.map(() => [false, 51]),
      );
      const refused = (code: string) => (gateway.refusals()[code] ?? 0) - (before[code] ?? 0);
      await until('the counts', () => refused('dtls_key_wrong') === 1 && refused('dtls_identity_unknown') === 3);
    });

    test('a client without a suite in common gets handshake_failure', async () => {
      const from = await client({ suites: [0xc02b, 0x1301] }).connect();
      assert.deepEqual(from.alerts, [40]);
      assert.equal(gateway.refusals().dtls_suite_unsupported, 1);
    });

    test('nothing is kept of a client whose hello bears no good cookie, and its answer is no larger', async () => {
      await until('no handshake', () => gateway.counter(SHAKING) === 0);
      const from = client();
      from.hello();
      await until('the handshake', () => from.datagrams.length > 1);
      assert.ok(from.datagrams[0]!.length <= from.sent[0]!.length);
      const stranger = client();
      stranger.raw(from.sent[1]!);
      await until('another cookie', () => stranger.datagrams.length > 0);
      assert.equal(stranger.datagrams[0]?.[13], 3, 'the cookie of one address is none for another');
    });

    test('a client with a connection id goes on from another address, and one without does not', async () => {
      const [moving, staying] = [await client({ cid: CID }).connect(), await client().connect()];
      for (const from of [moving, staying]) assert.equal(await ask(from, request({ ...NO_TOKEN, payload: '{"before":1}' })), '2.04');
      const [moves, dropped] = [gateway.counter(MOVED), gateway.counter(DROPPED)];
      moving.move();
      staying.move();
      assert.equal(await ask(moving, request({ ...NO_TOKEN, payload: '{"moved":1}' })), '2.04');
      staying.send(request({ ...NO_TOKEN, payload: '{"stayed":1}' }));
      await until('the count', () => gateway.counter(DROPPED) > dropped && gateway.counter(MOVED) > moves);
      assert.deepEqual([taken('{"moved":1}'), taken('{"stayed":1}')], [[1], []]);
    });

    test('a request that comes again after a move is stored once', async () => {
      const from = await client({ cid: CID }).connect();
      const bytes = request({ ...NO_TOKEN, payload: '{"again":"moved"}' });
      assert.equal(await ask(from, bytes), '2.04');
      from.move();
      assert.equal(await ask(from, bytes), '2.04');
      assert.deepEqual(taken('{"again":"moved"}'), [1]);
    });

    test('a record that comes twice, or from elsewhere later, does nothing', async () => {
      const from = await client({ cid: CID }).connect();
      assert.equal(await ask(from, request({ ...NO_TOKEN, payload: '{"twice":1}' })), '2.04');
      const [dropped, answers] = [gateway.counter(DROPPED), from.datagrams.length];
      const stranger = client();
      stranger.raw(from.sent.at(-1)!);
      from.raw(from.sent.at(-1)!);
      await until('both to be dropped', () => gateway.counter(DROPPED) === dropped + 2);
      assert.deepEqual([stranger.datagrams.length, from.datagrams.length], [0, answers]);
      assert.equal(await ask(from, request({ ...NO_TOKEN, payload: '{"still":1}' })), '2.04');
    });

    test('the last flight comes again when the client repeats its own', async () => {
      const from = await client({ cid: CID }).connect();
      const before = from.datagrams.length;
      from.finish();
      await until('the flight', () => from.datagrams.length > before);
      assert.equal(await ask(from, request({ ...NO_TOKEN, payload: '{"repeated":1}' })), '2.04');
    });

    test('a client that leaves is forgotten, and its address begins anew', async () => {
      const from = await client().connect();
      const open = gateway.counter(OPEN);
      from.leave();
      await until('the count', () => gateway.counter(OPEN) === open - 1);
      await until('its notice', () => from.alerts[0] === 0);
    });

    test('a key that is revoked ends the associations that it let in, at once, and no others', async () => {
      const [old, fresh] = [await client({ key: 'old-key-1' }).connect(), await client().connect()];
      await give(1, psk(2, 'new-key-1'));
      await until('the end', () => old.alerts.length > 0);
      assert.equal(await ask(fresh, request({ ...NO_TOKEN, payload: '{"fresh":1}' })), '2.04');
      assert.deepEqual(fresh.alerts, []);
    });

    test('a key that is revoked while its client shakes hands lets nobody in', async () => {
      await give(1, psk(2, 'new-key-1'), psk(6, 'short-lived'));
      const from = client({ key: 'short-lived', isSlow: true });
      from.hello();
      await until('the flight of the client', () => from.sent.length > 2 && gateway.counter(SHAKING) > 0);
      await until('its keys to be known', () => from.datagrams.length > 1);
      await gateway.caughtUp();
      await give(1, psk(2, 'new-key-1'));
      from.finish();
      await until('the end', () => from.alerts.length > 0);
      from.send(request({ ...NO_TOKEN, payload: '{"revoked":1}' }));
      assert.equal(await ask(await client().connect(), request({ ...NO_TOKEN, payload: '{"in":1}' })), '2.04');
      assert.deepEqual(taken('{"revoked":1}'), []);
    });

    test('a device that becomes inactive loses its associations', async () => {
      const from = await client({ identity: 'other', key: 'key-of-other' }).connect();
      await gateway.putDevices([device(4, 'other', { status: 'quarantined' })]);
      await until('the end', () => from.alerts.length > 0);
      assert.equal(from.alerts[0], 0);
    });

    test('garbage and mutated flights are dropped, and the next client is served', async () => {
      const random = new Random();
      const next = (end: number) => random.below(end);
      const model = await client({ cid: CID }).connect();
      const stranger = client();
      const samples = [...model.sent, ...model.datagrams];
      for (let round = 0; round < 400; round++) {
        const bytes = Buffer.from(samples[next(samples.length)]!);
        for (let i = next(4); i >= 0; i--) bytes[next(bytes.length)] = next(256);
        stranger.raw(bytes.subarray(0, 1 + next(bytes.length)));
      }
      const established = gateway.counter(ESTABLISHED);
      assert.equal(await ask(await client().connect(), request({ ...NO_TOKEN, payload: '{"after":"garbage"}' })), '2.04');
      await until('the count', () => gateway.counter(ESTABLISHED) > established);
    });
  });
}
