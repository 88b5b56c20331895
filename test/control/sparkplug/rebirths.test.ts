import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get as payloadCodec } from 'sparkplug-payload';
import type { BrokerAnswer, BrokerQuestion } from '../../../src/contract/threads/broker.js';
import { commandTopicOf, rebirthCommand } from '../../../src/control/sparkplug/rebirth-command.js';
import { Rebirths } from '../../../src/control/sparkplug/rebirths.js';

const NOW_MS = Date.UTC(2026, 10, 30, 9);

test('the command is what Sparkplug asks for, as the library of edge nodes reads it', () => {
  const { timestamp, metrics } = payloadCodec('spBv1.0')!.decodePayload(rebirthCommand(NOW_MS));
  assert.equal(Number(timestamp), NOW_MS);
  assert.deepEqual(
    metrics?.map(({ name, type, value, timestamp: ts }) => [name, type, value, Number(ts)]),
    [['Node Control/Rebirth', 'Boolean', true, NOW_MS]],
  );
});

test('a command goes to the edge node, whichever of its messages showed that it is wanted', () => {
  assert.equal(commandTopicOf('spBv1.0/plant 1/NDATA/edge-09'), 'spBv1.0/plant 1/NCMD/edge-09');
  assert.equal(commandTopicOf('spBv1.0/plant/DDATA/edge-09/pump'), 'spBv1.0/plant/NCMD/edge-09');
  for (const topic of ['spBv1.0/STATE/host', 'spBv1.0/plant/NCMD/edge-09', 'devices/d/telemetry', 'spBv1.0/plant/NDATA']) {
    assert.equal(commandTopicOf(topic), undefined);
  }
});

function asking(answer: BrokerAnswer | undefined) {
  const asked: BrokerQuestion[] = [];
  const events: unknown[] = [];
  const askBroker = (question: BrokerQuestion) => {
    asked.push(question);
    return answer && Promise.resolve(answer);
  };
  const rebirths = new Rebirths({
    plane: { askBroker },
    registry: { tenantOf: (number) => (number === 7 ? 'acme' : undefined) },
    event: (level, name, fields) => void events.push([level, name, fields]),
    nowMs: () => NOW_MS,
  });
  return { rebirths, asked, events };
}

const wanted = { kind: 'rebirth-wanted', device: 7, receivedUs: 0, topic: 'spBv1.0/plant/NDATA/edge-09' } as const;

test('it is published once to the tenant of the device, and nothing else is asked for', async () => {
  const { rebirths, asked, events } = asking({ kind: 'published', token: 0, clients: 1 } as BrokerAnswer);
  rebirths.take(wanted);
  rebirths.take({ ...wanted, kind: 'born' });
  rebirths.take({ ...wanted, kind: 'died' });
  rebirths.take({ ...wanted, device: 8 });
  await rebirths.settled();
  assert.deepEqual(
    asked.map((question) => question.kind === 'publish' && [question.tenant, question.topic, question.qos, question.retain]),
    [['acme', 'spBv1.0/plant/NCMD/edge-09', 0, false]],
  );
  assert.deepEqual([rebirths.asked, rebirths.unheard, events], [1, 0, []]);
});

test('a command that nobody gets is counted and said', async () => {
  for (const answer of [{ kind: 'published', token: 0, clients: 0 } as BrokerAnswer, undefined]) {
    const { rebirths, events } = asking(answer);
    rebirths.take(wanted);
    await rebirths.settled();
    assert.deepEqual([rebirths.asked, rebirths.unheard], [0, 1]);
    const [[level, name, fields]] = events as [[string, string, { topic: string; cause: string }]];
    assert.deepEqual([level, name, fields.topic], ['warn', 'rebirth-not-asked', 'spBv1.0/plant/NCMD/edge-09']);
    assert.match(fields.cause, answer ? /^no client has subscribed/ : /^cannot publish on/);
  }
});
