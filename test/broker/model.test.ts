import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ENTRIES, MESSAGES } from '../../src/broker/store/store.js';
import { MemoryStore } from './memory-store.js';
import { ModelDevice } from './model-device.js';
import { Site } from './site.js';

// Whatever is done to connections and to the process, a device with a session takes in every message that was acknowledged to its
// publisher, those at QoS 2 once, and each topic in its order.

const RUNS = Number(process.env.MODEL_RUNS ?? 150);
const DEVICES = 3;
const READ_ALL = 1000;

type Action =
  | { readonly kind: 'attach'; readonly device: number; readonly clean: boolean; readonly receiveMax: number }
  | { readonly kind: 'subscribe'; readonly device: number; readonly qos: 1 | 2 }
  | { readonly kind: 'detach'; readonly device: number; readonly isClean: boolean }
  | { readonly kind: 'read'; readonly device: number; readonly packets: number }
  | { readonly kind: 'publish'; readonly topic: number; readonly qos: 1 | 2 }
  | { readonly kind: 'turn' | 'hold' | 'release' | 'crash' };

const device = fc.nat({ max: DEVICES - 1 });
const qos = fc.constantFrom(1 as const, 2 as const);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('attach' as const),
      device,
      clean: fc.nat({ max: 9 }).map((n) => n === 0),
      receiveMax: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('subscribe' as const), device, qos }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('detach' as const), device, isClean: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), device, packets: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('publish' as const), topic: fc.nat({ max: 1 }), qos }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom(...(['hold', 'hold', 'hold', 'release', 'crash'] as const)) }) },
);

async function play(actions: readonly Action[]): Promise<void> {
  const devices = Array.from({ length: DEVICES }, (_, index) => new ModelDevice(`d${index}`));
  let store = new MemoryStore();
  let site = new Site({ store });
  let published = 0;
  const crash = () => {
    const settled = site.gateways[0]?.settled ?? 0;
    for (const one of devices) {
      one.crashed(settled);
      one.renumbered();
    }
    store = store.crashed();
    site = new Site({ store, clock: site.clock });
  };
  for (const one of actions) {
    const who = 'device' in one ? (devices[one.device] as ModelDevice) : undefined;
    if (one.kind === 'attach') who?.attach(site, one.clean, one.receiveMax);
    else if (one.kind === 'subscribe') who?.subscribe(one.qos);
    else if (one.kind === 'detach') who?.detach(one.isClean);
    else if (one.kind === 'read') who?.read(one.packets);
    else if (one.kind === 'publish') {
      const [topic, payload] = [`a/${one.topic}`, String(++published)];
      const number = site.publish(topic, payload, { qos: one.qos });
      for (const each of devices) each.published({ number, topic, payload });
    } else if (one.kind === 'hold') store.hold();
    else if (one.kind === 'release') store.release();
    else if (one.kind === 'crash') crash();
    else await new Promise(setImmediate);
  }
  store.release();
  for (const one of devices) one.attach(site, false, 2);
  do await site.rest();
  while (devices.map((one) => one.read(READ_ALL)).some((count) => count > 0));
  for (const one of devices) one.check();
  assert.deepEqual([site.broker.counts.queuedNow, site.broker.counts.queuedBytesNow], [0, 0]);
  assert.deepEqual([store.size(ENTRIES), store.size(MESSAGES)], [0, 0], 'the store has what queues have');
}

test('nothing acknowledged is lost, QoS 2 comes once and topics keep their order, through crashes', async () => {
  const sequences = fc.array(action, { minLength: 5, maxLength: 120, size: 'max' });
  await fc.assert(fc.asyncProperty(sequences, play), { numRuns: RUNS });
});
