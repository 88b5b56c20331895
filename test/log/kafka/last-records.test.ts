import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientError, Consumer, Header, Message, Place } from '../../../src/kafka/client.js';
import { ownersAt } from '../../../src/log/kafka/last-records.js';
import { ownerHeader, readOwner } from '../../../src/log/kafka/owner-header.js';
import { OWNER } from '../../support/kafka/ownership.js';

const ADOPTED = '00000000-0000-4000-8000-00000000000b';
const TOPIC = 'telemetry.raw';

type Answer = ClientError | { readonly messages?: readonly Message[]; readonly ends?: readonly number[] };

/** Answers in turn, and then with nothing; like the client library it announces ends before it hands out messages. */
class FakeReader {
  assigned: readonly Place[] = [];
  readonly #answers: Answer[];
  #ended: (end: Place) => void = () => {};

  constructor(...answers: Answer[]) {
    this.#answers = answers;
  }

  on(event: string, listener: (end: Place) => void): void {
    if (event === 'partition.eof') this.#ended = listener;
  }
  setDefaultConsumeTimeout(): void {}
  assign(places: readonly Place[]): void {
    this.assigned = places;
  }
  unassign(): void {
    this.assigned = [];
  }
  consume(_: number, done: (error: ClientError | null, messages: readonly Message[]) => void): void {
    const answer = this.#answers.shift() ?? {};
    setImmediate(() => {
      if ('code' in answer) {
        done(Object.assign(new Error(answer.message), answer), []);
        return;
      }
      for (const partition of answer.ends ?? []) this.#ended({ topic: TOPIC, partition });
      done(null, answer.messages ?? []);
    });
  }
  get client(): Consumer {
    return this as unknown as Consumer;
  }
}

const places = [0, 1, 2].map((partition) => ({ topic: TOPIC, partition, offset: 40 }));

function message(partition: number, offset: number, header: Header = {}): Message {
  const headers = Object.entries(header).map(([name, value]) => ({ [name]: Buffer.from(value as string) }));
  return { partition, offset, value: null, headers };
}

test('the last record of each partition says whose it is, unless it is gone or of an earlier build', async () => {
  const reader = new FakeReader(
    { messages: [message(1, 40, ownerHeader(OWNER)), message(1, 41, ownerHeader(OWNER))], ends: [1] },
    { ends: [0] },
    { messages: [message(2, 40)] },
  );
  assert.deepEqual(await ownersAt(reader.client, TOPIC, places), [{ owner: OWNER, partition: 1, offset: 40n }]);
  assert.deepEqual(reader.assigned, []);
});

test('a topic without records is not read', async () => {
  assert.deepEqual(await ownersAt(new FakeReader().client, TOPIC, []), []);
});

test('brokers that do not answer end the look in time; a passing error does not, and a denial is handed on', async () => {
  const passing = { message: 'Broker transport failure', code: -195 };
  await assert.rejects(ownersAt(new FakeReader(passing).client, TOPIC, places, 300), {
    code: 'kafka_unreachable',
    message: /cannot read the last record of topic telemetry.raw, partitions 0 1 2: Broker transport failure/,
  });
  const [place] = places;
  const reader = new FakeReader(passing, { messages: [message(0, 40, ownerHeader(OWNER))] });
  assert.equal((await ownersAt(reader.client, TOPIC, place ? [place] : [])).length, 1);
  await assert.rejects(ownersAt(new FakeReader({ message: 'denied', code: 29 }).client, TOPIC, places), { code: 29 });
});

test('the header is read as it was written; words that a later build adds are passed over', () => {
  const read = (text: string) => readOwner([{ number: Buffer.from('1') }, { database: Buffer.from(text) }]);
  const { database: text } = ownerHeader({ ...OWNER, adopted: [ADOPTED] });
  assert.deepEqual(read(String(text)), { ...OWNER, adopted: [ADOPTED] });
  assert.deepEqual(read(`${text} region=eu`), { ...OWNER, adopted: [ADOPTED] });
  for (const wrong of ['', OWNER.database, `${OWNER.database} 1`, `${OWNER.database} -1 2`, `x${OWNER.database} 1 2`]) {
    assert.equal(read(wrong), undefined, wrong);
  }
  assert.equal(readOwner([]), undefined);
  assert.equal(readOwner(undefined), undefined);
});
