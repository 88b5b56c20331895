import assert from 'node:assert/strict';
import { env, nextTick } from 'node:process';
import { test } from 'node:test';
import fc from 'fast-check';
import { ENTRIES, INTERESTS, OUTGOING } from '../../src/broker/store/store.js';
import { TRAFFIC_TAKEN } from '../../src/contract/broker/traffic.js';
import { Process, rest, Topic } from './exchange-site.js';
import { type Client, TestClock, writeId, writePublish } from './site.js';

// Three processes exchange messages over a topic that takes and gives them whenever it likes, and each of them may crash at any moment. A client
// with a session at each process gets every message that was acknowledged to its publisher: at QoS 2 once, and in its publisher's order.
// What is retained ends up the same everywhere.

const RUNS = Number(env.MODEL_RUNS ?? 150);
const PROCESSES = 3;
const WANTED = 'a/#';
const PUBREC = 5;
const PUBCOMP = 7;

type Action =
  | { readonly kind: 'publish' | 'retain' | 'take' | 'lose' | 'hold' | 'release' | 'crash'; readonly at: number }
  | { readonly kind: 'read'; readonly at: number; readonly count: number }
  | { readonly kind: 'turn' | 'moment' };

const at = fc.nat({ max: PROCESSES - 1 });
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('publish' as const), at }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('retain' as const), at }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('take' as const), at }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), at, count: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('lose' as const, 'hold' as const, 'release' as const, 'crash' as const), at }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('moment' as const) }) },
);

/** A client that publishes at QoS 2, one message at a time, and sends it again until it is answered. */
class Publisher {
  readonly #process: Process;
  readonly #name: string;
  #client: Client;
  #isBack = true;
  #id = 0;
  #count = 0;
  /** The traffic of the message that is not answered yet, and whether that brought it to the broker. */
  #pending: { readonly payload: string; number: number } | undefined;

  constructor(process: Process, index: number) {
    this.#process = process;
    this.#name = `p${index}`;
    this.#client = process.site.client(this.#name);
  }

  get published(): readonly string[] {
    return Array.from({ length: this.#count }, (_, index) => `${this.#name}-${index + 1}`);
  }

  publish(): void {
    this.settle();
    if (!this.#isBack || this.#pending) return;
    this.#id++;
    this.#pending = { payload: `${this.#name}-${++this.#count}`, number: Number.POSITIVE_INFINITY };
    this.#send();
  }

  /** Does what its connection has brought. */
  settle(): void {
    if (!this.#isBack) this.#comeBack();
    if (!this.#isBack || !this.#pending || this.#client.double.settled < this.#pending.number) return;
    this.#pending = undefined;
    this.#client.released(this.#id);
  }

  crashed(): void {
    const { settled } = this.#client.double;
    if (this.#pending && this.#pending.number <= settled) this.#pending = undefined;
    if (this.#pending) this.#pending.number = Number.POSITIVE_INFINITY;
    this.#client = this.#process.site.client(this.#name);
    this.#isBack = false;
  }

  /** Once the broker has let it in: it says which ids were taken in. */
  #comeBack(): void {
    const { attached } = this.#client;
    if (!attached) return;
    this.#isBack = true;
    if (!this.#pending) this.#client.released(this.#id);
    // The gateway answers a message whose id was taken in, and hands nothing on.
    else if (attached.unreleased.includes(this.#id)) this.#pending = undefined;
    else this.#send();
  }

  #send(): void {
    const { payload } = this.#pending as { payload: string };
    const { session, gateway } = this.#client;
    const number = this.#process.site.traffic(gateway, (writer) => {
      writePublish(writer, session, '', `a/${this.#name}`, payload, { qos: 2 });
      writeId(writer, TRAFFIC_TAKEN, session, this.#id);
    });
    this.#pending = { payload, number };
  }
}

async function play(actions: readonly Action[]): Promise<void> {
  const topic = new Topic();
  const clock = new TestClock();
  const processes = Array.from({ length: PROCESSES }, () => new Process(topic, clock));
  for (const [index, { site }] of processes.entries()) site.client(`s${index}`).subscribe(WANTED, { qos: 2 }).detach();
  await rest(processes);
  const publishers = processes.map((process, index) => new Publisher(process, index));
  await rest(processes);
  let retained = 0;
  for (const one of actions) {
    if (!('at' in one)) {
      // After a moment promises are fulfilled, such as those of the store, and the turns of brokers are still to come.
      await new Promise<void>((resolve) => (one.kind === 'moment' ? nextTick(resolve) : setImmediate(resolve)));
      continue;
    }
    const where = processes[one.at] as Process;
    if (one.kind === 'publish') publishers[one.at]?.publish();
    else if (one.kind === 'retain') where.site.publish('r', String(++retained), { qos: 1, retain: true });
    else if (one.kind === 'take') where.take();
    else if (one.kind === 'read') where.read(one.count);
    else if (one.kind === 'hold') where.store.hold();
    else if (one.kind === 'release') where.store.release();
    else {
      // The topic has the record, and its sender ends before it knows.
      if (one.kind === 'lose') where.take(false);
      where.crash();
      publishers[one.at]?.crashed();
    }
  }
  for (const { store } of processes) store.release();
  await rest(processes);
  for (const publisher of publishers) publisher.settle();
  await rest(processes);
  await check(processes, publishers);
}

async function check(processes: readonly Process[], publishers: readonly Publisher[]): Promise<void> {
  const retained: unknown[] = [];
  for (const [index, process] of processes.entries()) {
    const client = process.site.client(`s${index}`, { receiveMax: 1000 });
    await rest(processes);
    for (const { packetId } of client.messages) client.answer(PUBREC, packetId);
    await rest(processes);
    for (const id of client.pubrels) client.answer(PUBCOMP, id);
    await rest(processes);
    for (const [of, { published }] of publishers.entries()) {
      const got = client.texts.filter((text) => text.startsWith(`p${of}-`));
      assert.deepEqual(got, published, `what the client at process ${index} got of publisher ${of}`);
    }
    assert.deepEqual([process.store.size(ENTRIES), process.store.size(OUTGOING)], [0, 0], 'the store has what waits');
    assert.equal(process.store.size(INTERESTS), PROCESSES - 1);
    retained.push(await process.site.ask({ kind: 'retained', tenant: 'acme', filter: 'r', limit: 10 }));
  }
  const values = retained.map((answer) => JSON.stringify(answer, ['entries', 'payloadStart']));
  assert.equal(new Set(values).size, 1, `retained messages differ: ${values.join(' ')}`);
}

test('whatever crashes and whatever the exchange does, each session gets every message once, and retained messages agree', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 80 }), async (actions) => play(actions)),
    { numRuns: RUNS },
  );
});
