import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import type { PartitionLag } from '../../../src/contract/data-plane.js';
import type { DeviceAccount } from '../../../src/contract/ledger.js';
import { Ledger } from '../../../src/control/ledger/ledger.js';
import type { OtherLedgers } from '../../../src/control/ledger/shares.js';
import { assertFailure } from '../../support/failure.js';
import { PlaneDouble } from '../../support/plane-double.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
let numbers: number[];
before(async () => {
  server = await startServerUnderTest();
  numbers = [];
  for (const [device_id, tenant] of [
    ['a-1', 'acme'],
    ['a-2', 'acme'],
    ['z-1', 'zoo'],
  ]) {
    const { body } = await server.call('POST', '/v1/devices', { body: { device_id, tenant, token: 'a-token-of-sixteen' } });
    numbers.push(body.number);
  }
});
after(() => server.close());

const partition = {
  partition: 0,
  offset: 10n,
  logged: 9,
  run: 12,
  extraSamples: 0,
  recovered: 3,
  lost: 0,
  stored: 10,
  duplicate: 1,
  dead: 1,
};
const gateway = { gateway: 0, received: 14, accepted: 10, refused: 4, durable: 9, held: 1, logged: 9 };

function unbalanced(plane: PlaneDouble): void {
  plane.audited = { gateways: [gateway], partitions: [{ ...partition, logged: 11 }] };
}

test("a device's ledger shows counts by state, and which numbers are missing", async () => {
  server.plane.totals = { ...server.plane.totals, accepted: 1 };
  server.plane.accountOf = {
    stored: 7,
    duplicate: 2,
    dead: { json_malformed: 1 },
    inFlight: 1,
    refused: { payload_oversize: 3 },
    reboots: 1,
    rebootMs: Date.UTC(2026, 0, 2),
    runs: [
      [3, 5],
      [8, 8],
      [11, 13],
    ],
    runsForgotten: 2,
    leftOut: 3,
    sinceMs: Date.UTC(2026, 0, 1),
  };
  const { status, body } = await server.call('GET', '/v1/devices/a-1/ledger?tenant=acme');
  assert.equal(status, 200);
  const { rejected_since, ...rest } = body;
  assert.ok(Date.parse(rejected_since) <= Date.now());
  assert.deepEqual(rest, {
    device_id: 'a-1',
    tenant: 'acme',
    since: '2026-01-01T00:00:00.000Z',
    balanced: true,
    received: 14,
    stored: 7,
    duplicate: 2,
    dead: 1,
    dead_by_reason: { json_malformed: 1 },
    rejected: 3,
    rejected_by_reason: { payload_oversize: 3 },
    lost: 0,
    in_flight: 1,
    readings_left_out: 3,
    last_rejection: null,
    processes_silent: [],
    sequence: {
      first: 3,
      last: 13,
      received: 7,
      missing: 4,
      missing_ranges: [
        { from: 6, to: 7 },
        { from: 9, to: 10 },
      ],
      truncated: true,
      runs_forgotten: 2,
      reboots: 1,
      rebooted_at: '2026-01-02T00:00:00.000Z',
    },
  });
});

test('calls without a key, for an unknown device or with a bad tenant are refused', async () => {
  const attempt = { headers: { authorization: '' } };
  assertFailure(await server.call('GET', '/v1/ledger', attempt), 401, 'admin_key_invalid');
  assertFailure(await server.call('GET', '/v1/devices/a-1/ledger', attempt), 401, 'admin_key_invalid');
  assertFailure(await server.call('GET', '/v1/devices/nobody/ledger'), 404, 'device_unknown');
  assertFailure(await server.call('GET', '/v1/devices/a-1/ledger?tenant=%2F'), 400, 'query_invalid');
});

/** A body that says that it is too large, one that turns out to be, and one that nobody can read. */
async function refuseBodies(): Promise<void> {
  const headers = { authorization: 'Bearer a-token-of-sixteen' };
  const path = '/v1/ingest/z-1?tenant=zoo';
  const large = 'x'.repeat(PAYLOAD_BYTES_MAX + 1);
  assertFailure(await server.call('POST', path, { raw: large, headers }), 413, 'payload_oversize');
  const body = new Blob([large]).stream();
  const chunked = await fetch(server.url + path, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
  assert.deepEqual([chunked.status, ((await chunked.json()) as { error: { code: string } }).error.code], [413, 'payload_oversize']);
  const encoded = await server.call('POST', path, { raw: '{}', headers: { ...headers, 'content-encoding': 'compress' } });
  assertFailure(encoded, 415, 'encoding_unsupported');
}

test('node and tenants: every message is in one state; messages refused over HTTP count for their device if it is known', async () => {
  const { plane } = server;
  plane.partitions = [
    {
      partition: 0,
      isHere: true,
      startOffset: 0n,
      durableOffset: 0n,
      processedOffset: 0n,
      committedOffset: 0n,
      checkpointOffset: undefined,
      checkpointMs: undefined,
      storedOffset: undefined,
      storedMs: undefined,
      lagBytes: 0,
      lagMs: 0,
      committedRecords: 0,
      gaps: 0,
      gapBytes: 0,
    },
  ];
  plane.audited = { gateways: [gateway], partitions: [partition] };
  plane.totals = {
    ...plane.totals,
    accepted: 10,
    refused: 4,
    refusedByCode: { topic_unknown: 4 },
    stored: 10,
    duplicate: 1,
    deadByCode: { json_malformed: 1 },
  };
  plane.books = [
    { device: numbers[0]!, stored: 6, duplicate: 1, dead: {}, inFlight: 1 },
    { device: numbers[1]!, stored: 1, duplicate: 0, dead: { json_malformed: 1 }, inFlight: 0 },
    { device: numbers[2]!, stored: 3, duplicate: 0, dead: {}, inFlight: 0 },
  ];
  plane.refusedBooks = [
    { device: numbers[2]!, code: 'topic_unknown', count: 4 },
    { device: undefined, code: 'device_unknown', count: 2 },
  ];
  plane.accountOf = { ...(plane.accountOf as DeviceAccount), refused: {} };
  const ingest = (id: string, tenant: string, token: string) =>
    server.call('POST', `/v1/ingest/${id}?tenant=${tenant}`, { raw: '{}', headers: { authorization: `Bearer ${token}` } });
  assertFailure(await ingest('a-1', 'acme', 'wrong'), 401, 'credentials_invalid');
  assertFailure(await ingest('x-1', 'nowhere', 'wrong'), 401, 'credentials_invalid');
  await server.call('PATCH', '/v1/devices/a-2?tenant=acme', { body: { status: 'inactive' } });
  assertFailure(await ingest('a-2', 'acme', 'a-token-of-sixteen'), 403, 'device_inactive');
  await refuseBodies();

  server.ledger.check();
  const { status, body } = await server.call('GET', '/v1/ledger');
  assert.equal(status, 200);
  assert.deepEqual([body.balanced, body.imbalance, body.imbalances], [true, 0, []]);
  const { node } = body;
  assert.deepEqual(node.rejected_by_reason, {
    topic_unknown: 4,
    credentials_invalid: 2,
    device_inactive: 1,
    payload_oversize: 2,
    encoding_unsupported: 1,
  });
  assert.deepEqual([node.received, node.recovered, node.rejected, node.in_flight], [20, 3, 10, 1]);
  assert.equal(node.received + node.recovered, node.stored + node.duplicate + node.dead + node.rejected + node.in_flight);
  assert.deepEqual(
    body.tenants.map((one: Record<string, unknown>) => [
      one.tenant,
      one.devices,
      one.stored,
      one.dead,
      one.in_flight,
      one.rejected_by_reason,
    ]),
    [
      ['acme', 2, 7, 1, 1, { credentials_invalid: 1, device_inactive: 1 }],
      ['zoo', 1, 3, 0, 0, { topic_unknown: 4, payload_oversize: 2, encoding_unsupported: 1 }],
    ],
  );
  assert.deepEqual(
    body.tenants.map(({ balanced }: { balanced: unknown }) => balanced),
    [true, true],
  );
  const z1 = await server.call('GET', '/v1/devices/z-1/ledger?tenant=zoo');
  assert.deepEqual(z1.body.rejected_by_reason, { payload_oversize: 2, encoding_unsupported: 1 });
  const a2 = await server.call('GET', '/v1/devices/a-2/ledger?tenant=acme');
  assert.deepEqual(a2.body.rejected_by_reason, { device_inactive: 1 });
  const a1 = await server.call('GET', '/v1/devices/a-1/ledger?tenant=acme');
  assert.deepEqual(a1.body.rejected_by_reason, {}, 'a wrong token says nothing about whose message it was');
});

test('the books of a tenant balance, do not, or are not this process alone to judge', async () => {
  const { plane } = server;
  const balanced = async () => (await server.call('GET', '/v1/ledger')).body.tenants.map((one: { balanced: unknown }) => one.balanced);
  const [here] = plane.partitions;
  assert.ok(here);
  const [a1, a2, z1] = plane.books;
  assert.ok(a1 && a2 && z1);
  assert.deepEqual(await balanced(), [true, true]);
  // One device hides behind the other in the sum, and not in the judgement.
  plane.books = [{ ...a1, inFlight: 2 }, { ...a2, inFlight: -1 }, z1];
  assert.deepEqual(await balanced(), [false, true]);
  // With nothing in flight at all, nothing may be for a tenant.
  plane.books = [a1, a2, z1];
  plane.totals = { ...plane.totals, accepted: 9 };
  assert.deepEqual(await balanced(), [false, true]);
  plane.totals = { ...plane.totals, accepted: 10 };
  plane.partitions = [{ ...here, isHere: false }];
  assert.deepEqual(await balanced(), [null, null]);
  plane.partitions = [here];
  plane.audited = { gateways: [gateway], partitions: [] };
  assert.deepEqual(await balanced(), [null, null]);
  plane.audited = { gateways: [gateway], partitions: [partition] };
});

test('an imbalance shows in the metrics and is reported once for each change', async () => {
  const plane = new PlaneDouble();
  const events: string[] = [];
  const ledger = new Ledger({
    plane,
    registry: server.registry,
    event: (level, name, fields) => events.push(`${level} ${name} ${fields.imbalance ?? 0}`),
  });
  ledger.close();
  plane.audited = { gateways: [gateway], partitions: [partition] };
  ledger.check();
  unbalanced(plane);
  ledger.check();
  ledger.check();
  plane.audited = { gateways: [gateway], partitions: [partition] };
  ledger.check();
  assert.deepEqual(events, ['error ledger-unbalanced 2', 'info ledger-balanced 0']);

  unbalanced(server.plane);
  server.ledger.check();
  const metrics = (await server.call('GET', '/metrics')).text;
  assert.match(metrics, /^spillway_ledger_imbalance 2$/m);
  assert.match(metrics, /^spillway_ledger_messages\{state="in_flight"\} 1$/m);
  assert.deepEqual((await server.call('GET', '/v1/ledger')).body.imbalances, [
    { at: 'partition 0', between: 'logged and run', missing: 2 },
  ]);
});

test('messages that damage to the log took: a state of their own, whose they were once nothing is in flight, and no balance', async () => {
  const { plane } = server;
  const before = plane.audited;
  // Of two devices, three messages in all, of which one was an earlier process's.
  plane.audited = { gateways: [gateway], partitions: [{ ...partition, logged: 11, lost: 3, recovered: 4 }] };
  plane.totals = { ...plane.totals, accepted: 11 };
  plane.books = [
    { device: numbers[0]!, stored: 6, duplicate: 1, dead: {}, inFlight: 2 },
    { device: numbers[1]!, stored: 1, duplicate: 0, dead: { json_malformed: 1 }, inFlight: 0 },
    { device: numbers[2]!, stored: 3, duplicate: 0, dead: {}, inFlight: 0 },
  ];
  plane.accountOf = { ...(plane.accountOf as DeviceAccount), stored: 6, duplicate: 1, dead: {}, inFlight: 2, refused: {} };
  server.ledger.check();
  const { body } = await server.call('GET', '/v1/ledger');
  assert.deepEqual([body.balanced, body.imbalances], [false, [{ at: 'partition 0', between: 'logged and readable', missing: 3 }]]);
  const { node } = body;
  assert.deepEqual([node.recovered, node.lost, node.in_flight], [4, 3, 0]);
  assert.equal(node.received + node.recovered, node.stored + node.duplicate + node.dead + node.rejected + node.lost);
  const [acme] = body.tenants.filter(({ tenant }: { tenant: string }) => tenant === 'acme');
  assert.deepEqual([acme.lost, acme.in_flight, acme.balanced], [2, 0, false]);
  const device = (await server.call('GET', '/v1/devices/a-1/ledger?tenant=acme')).body;
  assert.deepEqual([device.lost, device.in_flight, device.balanced], [2, 0, false]);
  plane.audited = before;
  server.ledger.check();
});

const share = (account: DeviceAccount | undefined, rejected = {}) => ({ account, rejected });
const nothing = { sinceMs: 2000, checkedMs: undefined, imbalance: 0, imbalances: [], partitions: [], tenants: [] };
const counts = { received: 0, recovered: 0, stored: 0, duplicate: 0, dead: {}, rejected: {}, lost: 0, inFlight: 0 };

/** The ledger of a process that has others beside it, which say this. */
function ledgerBeside(plane: PlaneDouble, others: Partial<OtherLedgers>): Ledger {
  const silent: string[] = [];
  const ledger = new Ledger({
    plane,
    registry: server.registry,
    event: () => {},
    nowMs: () => 5000,
    others: {
      name: 'here',
      met: true,
      shares: async () => ({ answers: [], silent }),
      books: async () => ({ answers: [], silent }),
      ...others,
    },
  });
  ledger.close();
  return ledger;
}

test("a device's ledger over processes: the account of whoever runs the partition, what all rejected, nothing in flight that nobody knows", async () => {
  const plane = new PlaneDouble();
  const account = { ...(plane.accountOf as DeviceAccount), stored: 5, duplicate: 1, inFlight: -7 };
  plane.accountOf = undefined;
  plane.refusedBooks = [{ device: 1, code: 'payload_oversize', count: 2 }];
  const answers = [
    ['a', share(undefined, { payload_oversize: 1 })],
    ['b', share(account, { device_inactive: 1 })],
    // It was fenced and does not know yet.
    ['c', share({ ...account, stored: 4 })],
  ] as const;
  const asked: boolean[] = [];
  const shares = async (_: number, needsAccount: boolean) => {
    asked.push(needsAccount);
    return { answers, silent: ['d'] };
  };
  const found = await ledgerBeside(plane, { shares }).device({ number: 1 });
  assert.ok(!('notRunning' in found));
  assert.deepEqual(
    [found.received, found.stored, found.duplicate, found.rejected, found.inFlight, found.balanced, found.silent],
    [10, 5, 1, { payload_oversize: 3, device_inactive: 1 }, undefined, undefined, ['d']],
  );
  plane.accountOf = { ...account, stored: 9 };
  const here = await ledgerBeside(plane, { shares }).device({ number: 1 });
  assert.deepEqual(['stored' in here && here.stored, asked], [9, [true, false]]);
});

test('a partition that nobody runs is named, with a code', async () => {
  const { plane } = server;
  const { accountOf, partitions } = plane;
  plane.accountOf = undefined;
  const answer = await server.call('GET', '/v1/devices/a-1/ledger?tenant=acme');
  assertFailure(answer, 503, 'partition_not_running');
  assert.match(answer.body.error.message, /no process answers for partition 0$/);
  plane.accountOf = accountOf;
  plane.notRunning = [0];
  assert.deepEqual((await server.call('GET', '/v1/devices/a-1?tenant=acme')).body.partitions_not_running, [0]);
  assert.deepEqual((await server.call('GET', '/v1/devices?tenant=acme')).body.partitions_not_running, [0]);
  assert.deepEqual((await server.call('GET', '/v1/devices/a-1/metrics/latest?tenant=acme')).body.partitions_not_running, [0]);
  plane.notRunning = [];
  assert.equal(partitions, plane.partitions);
});

test('the ledger over several processes: sums, answers, missing answers, and partitions that no process runs', async () => {
  const plane = new PlaneDouble();
  plane.totals = { ...plane.totals, accepted: 100 };
  plane.partitions = [{ isHere: false }, { isHere: false }, { isHere: false }] as PartitionLag[];
  const tenant = { ...counts, tenant: 'acme', devices: 1, stored: 40, rejected: { payload_oversize: 1 } };
  const answers = [
    ['a', { ...nothing, partitions: [0], node: { ...counts, stored: 40, recovered: 3 }, tenants: [tenant] }],
    [
      'b',
      {
        ...nothing,
        partitions: [2],
        node: { ...counts, stored: 60, dead: { json_malformed: 1 } },
        tenants: [{ ...tenant, tenant: 'zoo' }, tenant],
      },
    ],
  ] as const;
  const books = await ledgerBeside(plane, { books: async () => ({ answers, silent: [] }) }).deployment();
  assert.ok(books);
  const { received, recovered, stored, dead, inFlight } = books.node;
  assert.deepEqual([received, recovered, stored, dead, inFlight], [100, 3, 100, { json_malformed: 1 }, undefined]);
  assert.deepEqual([books.balanced, books.imbalance, books.notRunning, books.sinceMs], [true, 0, [1], 2000]);
  assert.deepEqual(
    books.tenants.map((one) => [one.tenant, one.devices, one.received, one.stored, one.rejected]),
    [
      ['acme', 2, 82, 80, { payload_oversize: 2 }],
      ['zoo', 1, 41, 40, { payload_oversize: 1 }],
    ],
  );
  const some = await ledgerBeside(plane, { books: async () => ({ answers, silent: ['c'] }) }).deployment();
  assert.deepEqual([some?.balanced, some?.silent], [undefined, ['c']]);
  const twice = [answers[0], ['b', { ...answers[1][1], partitions: [0, 2] }]] as const;
  const contested = await ledgerBeside(plane, { books: async () => ({ answers: twice, silent: [] }) }).deployment();
  assert.deepEqual(contested?.contested, [0]);
  const wrong = [['a', { ...answers[0][1], imbalance: 2 }]] as const;
  assert.equal((await ledgerBeside(plane, { books: async () => ({ answers: wrong, silent: ['c'] }) }).deployment())?.balanced, false);
  assert.equal(await ledgerBeside(plane, { met: false }).deployment(), undefined);
});

test('the message that was rejected last is shown with its topic and way out, and moves last_seen_at', async () => {
  const { number } = server.registry.get('acme', 'a-1')!;
  const read = async () => (await server.call('GET', '/v1/devices/a-1?tenant=acme')).body.last_seen_at;
  assert.equal(await read(), null);
  server.plane.refusedLast = [{ device: number, code: 'topic_unknown', topic: 'tele/x/SENSOR' }];
  server.ledger.check();
  const { last_rejection: last } = (await server.call('GET', '/v1/devices/a-1/ledger?tenant=acme')).body;
  assert.deepEqual([last.code, last.topic, last.cause.length > 0, last.way_out.length > 0], ['topic_unknown', 'tele/x/SENSOR', true, true]);
  assert.equal(await read(), last.at);
  const headers = { authorization: 'Bearer a-token-of-sixteen', 'content-encoding': 'compress' };
  assertFailure(await server.call('POST', '/v1/ingest/a-1?tenant=acme', { raw: '{}', headers }), 415, 'encoding_unsupported');
  const posted = (await server.call('GET', '/v1/devices/a-1/ledger?tenant=acme')).body.last_rejection;
  assert.deepEqual([posted.code, posted.topic], ['encoding_unsupported', null]);
  server.plane.seen.set(number, Date.UTC(2100, 0, 1));
  assert.equal(await read(), '2100-01-01T00:00:00.000Z');
});
