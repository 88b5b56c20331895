import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { ADMIN_KEY, type ServerUnderTest, startServerUnderTest, TOKEN } from '../../support/server-under-test.js';
import { until } from '../../support/until.js';

let server: ServerUnderTest;
let metric: number;
const numbers = new Map<string, number>();
before(async () => {
  server = await startServerUnderTest();
  for (const [device_id, tenant] of [
    ['dev-1', 'default'],
    ['dev-2', 'default'],
    ['温度計', 'acme'],
  ] as const) {
    numbers.set(device_id, (await server.call('POST', '/v1/devices', { body: { device_id, tenant } })).body.number);
  }
  metric = ((await server.metricNames.add(['temperature'])) as [string, number][])[0]![1];
});
after(() => server.close());

// biome-ignore lint/suspicious/noExplicitAny: a message has whatever shape the test then checks.
type Message = any;

/** A client of the live view that keeps what came until somebody asks for it. */
class LiveView {
  static async open(): Promise<LiveView> {
    const view = new LiveView(new WebSocket(`ws://127.0.0.1:${server.port}/v1/live`));
    await once(view.socket, 'open');
    return view;
  }

  static async authenticated(): Promise<LiveView> {
    const view = await LiveView.open();
    view.tell({ type: 'authenticate', key: ADMIN_KEY });
    assert.deepEqual(await view.next(), { type: 'authenticated' });
    return view;
  }

  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  readonly #messages: Message[] = [];
  #arrived = () => {};

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)));
    socket.on('message', (data) => {
      this.#messages.push(JSON.parse(String(data)));
      this.#arrived();
    });
  }

  tell(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The next message; rates, which come every second, only when asked for. */
  async next(type?: string): Promise<Message> {
    for (;;) {
      const message = this.#messages.shift();
      if (message === undefined) await new Promise<void>((resolve) => (this.#arrived = resolve));
      else if (message.type === type || (type === undefined && message.type !== 'rates')) return message;
    }
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

function point(device: string, value: number | string) {
  return { device: numbers.get(device)!, metric, tsMs: 1_767_225_600_000.5, value, receivedMs: 1_767_225_600_250 };
}

async function watchedBecomes(device: string, count: number): Promise<void> {
  await until(`${device} is watched ${count} times`, () => (server.plane.watched.get(numbers.get(device)!) ?? 0) === count);
}

test('readings of a watched device arrive with names, one message a turn', async () => {
  const view = await LiveView.authenticated();
  view.tell({ type: 'subscribe', tenant: 'default', devices: ['dev-1', 'nobody', 'dev-1'] });
  assert.deepEqual(await view.next(), { type: 'subscribed', devices: ['dev-1'], unknown: ['nobody'] });
  await watchedBecomes('dev-1', 1);
  server.plane.emit(point('dev-1', 1), point('dev-2', 2));
  server.plane.emit(point('dev-1', 3), point('dev-1', 'sensor "fault"'));
  const reading = {
    device_id: 'dev-1',
    tenant: 'default',
    metric: 'temperature',
    ts: '2026-01-01T00:00:00.000Z',
    received_at: '2026-01-01T00:00:00.250Z',
  };
  assert.deepEqual(await view.next(), {
    type: 'readings',
    readings: [
      { ...reading, value: 1 },
      { ...reading, value: 3 },
      { ...reading, value: 'sensor "fault"' },
    ],
  });
  view.tell({ type: 'unsubscribe', devices: ['dev-1'] });
  await watchedBecomes('dev-1', 0);
  await view.close();
});

test('two views of one device are one watch, which ends with the second', async () => {
  const [first, second] = await Promise.all([LiveView.authenticated(), LiveView.authenticated()]);
  for (const view of [first, second]) {
    view.tell({ type: 'subscribe', tenant: 'acme', devices: ['温度計'] });
    assert.deepEqual(await view.next(), { type: 'subscribed', devices: ['温度計'], unknown: [] });
  }
  await watchedBecomes('温度計', 1);
  server.plane.emit(point('温度計', 5));
  for (const view of [first, second]) assert.equal((await view.next()).readings[0].device_id, '温度計');
  await first.close();
  server.plane.emit(point('温度計', 6));
  assert.equal((await second.next()).readings[0].value, 6);
  second.socket.terminate();
  await watchedBecomes('温度計', 0);
});

test('rates come each second', async () => {
  const view = await LiveView.authenticated();
  server.plane.totals = { ...server.plane.totals, connections: 3 };
  const rates = await view.next('rates');
  assert.deepEqual(Object.keys(rates), ['type', 'messages_per_second', 'readings_per_second', 'connections']);
  await view.close();
});

test('without a valid key first, the view is closed with 4401', async () => {
  const firsts = [
    { type: 'authenticate', key: 'wrong' },
    { type: 'authenticate' },
    { type: 'subscribe', devices: ['dev-1'] },
    'not json',
    { type: 'rates' },
  ];
  for (const first of firsts) {
    const view = await LiveView.open();
    view.tell(first);
    assert.equal(await view.closed, 4401, JSON.stringify(first));
  }
  assert.equal(server.plane.watched.get(numbers.get('dev-1')!) ?? 0, 0);
});

test('a malformed message is answered with an error, and the view stays open', async () => {
  const view = await LiveView.authenticated();
  const cases: [unknown, string, RegExp][] = [
    ['{', 'body_malformed', /JSON/],
    [{ type: 'dance' }, 'body_invalid', /type must be authenticate, subscribe or unsubscribe/],
    [{ type: 'subscribe' }, 'body_invalid', /devices must be a list/],
    [{ type: 'subscribe', devices: [] }, 'body_invalid', /devices must not be empty/],
    [{ type: 'subscribe', devices: [7] }, 'body_invalid', /devices.0 must be/],
    [{ type: 'subscribe', tenant: 5, devices: ['dev-1'] }, 'body_invalid', /tenant must be a string/],
    [{ type: 'subscribe', devices: Array.from({ length: 1001 }, (_, i) => `d${i}`) }, 'body_invalid', /at most 1000/],
    [[], 'body_invalid', /./],
  ];
  for (const [message, code, text] of cases) {
    view.tell(message);
    const answer = await view.next();
    assert.deepEqual([answer.type, answer.error.code], ['error', code]);
    assert.match(answer.error.message, text);
  }
  view.tell({ type: 'subscribe', devices: ['dev-2'] });
  assert.deepEqual((await view.next()).devices, ['dev-2']);
  await view.close();
});

test('one view watches a thousand devices and no more', async () => {
  const created = await server.call('POST', '/v1/devices/bulk', {
    body: { count: 1000, id_format: 'many-%d', token: TOKEN, tenant: 'many' },
  });
  assert.equal(created.body.created, 1000);
  const view = await LiveView.authenticated();
  view.tell({ type: 'subscribe', tenant: 'many', devices: Array.from({ length: 1000 }, (_, i) => `many-${i + 1}`) });
  assert.equal((await view.next()).devices.length, 1000);
  view.tell({ type: 'subscribe', devices: ['dev-1'] });
  assert.equal((await view.next()).error.code, 'subscriptions_exhausted');
  view.tell({ type: 'subscribe', tenant: 'many', devices: ['many-5'] });
  assert.deepEqual((await view.next()).devices, ['many-5']);
  await view.close();
});

test('a message larger than the server takes ends that view only', async () => {
  const [large, other] = await Promise.all([LiveView.authenticated(), LiveView.authenticated()]);
  large.socket.on('error', () => {});
  large.tell('x'.repeat(300_000));
  // 1009 says why, RFC 6455 §7.4.1; one of the servers just hangs up.
  assert.ok([1006, 1009].includes(await large.closed));
  other.tell({ type: 'subscribe', devices: ['dev-1'] });
  assert.equal((await other.next()).type, 'subscribed');
  await other.close();
});

test('the path wants a WebSocket', async () => {
  const answer = await server.call('GET', '/v1/live');
  assert.deepEqual([answer.status, answer.body.error.code], [400, 'websocket_expected']);
});
