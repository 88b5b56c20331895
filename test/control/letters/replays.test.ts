import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_BY_SHAPE } from '../../../assembly/abi/block.js';
import { CODE_DEVICE_INACTIVE, CODE_LOG_FULL, CODE_NONE } from '../../../assembly/abi/codes.js';
import { PROFILE_NOT_TAKEN } from '../../../assembly/abi/profiles.js';
import { decodeContext, encodeContext, type RecordContext } from '../../../src/contract/record-context.js';
import type { ReplayableLetter, ReplayFilter } from '../../../src/control/letters/replayable-letters.js';
import { type Replay, Replays } from '../../../src/control/letters/replays.js';
import { until } from '../../support/until.js';

const RECEIVED_US = 1_796_029_200_000_000n;

/** The table of dead letters and the log, as one that is marked as soon as `commit` says so. */
class Model {
  readonly taken: { id: string; device: number; payload: string; format: number; topic: string }[] = [];
  readonly events: [string, Record<string, unknown>][] = [];
  readonly contexts: Partial<RecordContext>[] = [];
  readonly marked = new Set<string>();
  readonly dead: { id: string; reason: string }[] = [];
  code: (device: number) => number = () => CODE_NONE;
  commits = true;
  readonly replays: Replays;
  readonly #letters: ReplayableLetter[];

  constructor(letters: number, first: RecordContext = { profile: 0, topic: 'hall/door' }, format = 2) {
    this.#letters = Array.from({ length: letters }, (_, index) => ({
      ...{ id: String(index + 1), device: index % 3, receivedUs: RECEIVED_US, payload: Buffer.from(`{"v":${index}}`), format },
      context: index === 0 ? encodeContext(first) : undefined,
    }));
    this.replays = new Replays({
      reroute: (device, topic) =>
        topic === 'line/1' ? { device: device + 100, format: 1, context: { profile: 0, prefix: 'line.' } } : undefined,
      usedVersion: (number) => number + 1,
      letters: {
        count: async () => this.#open().length,
        page: async ({ ids }: ReplayFilter, after, limit) =>
          this.#open()
            .filter(({ id }) => Number(id) > Number(after) && (ids === undefined || ids.includes(id)))
            .slice(0, limit),
        unmarked: async (ids) => ids.filter((id) => !this.marked.has(id)).length,
        deadAgain: async (ids) => this.dead.filter(({ id }) => ids.includes(String(Number(id) - 1000))),
      },
      plane: {
        ingest: async ([message]) => {
          const { device, payload, format, context: bytes } = message!;
          const code = this.code(device);
          const context = decodeContext(Buffer.from(bytes));
          assert.equal(context?.letter?.receivedUs, RECEIVED_US);
          const id = String(context?.letter?.id);
          if (code === CODE_NONE) {
            this.taken.push({
              id,
              device,
              payload: Buffer.from(payload).toString(),
              format,
              topic: context?.topic ?? '',
            });
            this.contexts.push(context ?? {});
            if (this.commits) this.marked.add(id);
          }
          return [code];
        },
      },
      event: (_level, name, fields) => this.events.push([name, fields]),
      againMs: 1,
    });
  }

  #open(): ReplayableLetter[] {
    return this.#letters.filter(({ id }) => !this.marked.has(id));
  }
}

async function ended(replay: Replay): Promise<Replay> {
  await until('the replay is at its end', () => replay.state !== 'running');
  return replay;
}

test('every letter is put into the log once, with its format, its topic and the time at which it came', async () => {
  const model = new Model(1234);
  const replay = await ended(await model.replays.start({}));
  assert.deepEqual([replay.state, replay.letters, replay.replayed, replay.deadAgain, replay.refused], ['done', 1234, 1234, 0, 0]);
  assert.equal(new Set(model.taken.map(({ id }) => id)).size, 1234);
  assert.deepEqual(model.taken[0], { id: '1', device: 0, payload: '{"v":0}', format: 2, topic: 'hall/door' });
  assert.equal(model.events[0]?.[0], 'dead-letter-replay-ended');
});

test('no more letters are on their way than the state of a partition knows, and some are while others are marked', async () => {
  const model = new Model(25_000);
  model.commits = false;
  const replay = await model.replays.start({});
  await until('it waits', () => model.taken.length === 10_000);
  assert.equal(replay.replayed, 0);
  // Once the first half is stored as many others follow, and no more.
  for (const { id } of model.taken.slice(0, 5000)) model.marked.add(id);
  await until('it waits', () => model.taken.length === 15_000);
  assert.equal(replay.replayed, 5000);
  for (const { id } of model.taken) model.marked.add(id);
  model.commits = true;
  assert.equal((await ended(replay)).replayed, 25_000);
  assert.equal(model.taken.length, 25_000);
});

test('while the log takes nothing in the letters wait, and those of inactive devices are left out', async () => {
  const model = new Model(9);
  let refusals = 0;
  model.code = (device) => (device === 1 ? CODE_DEVICE_INACTIVE : refusals++ < 20 ? CODE_LOG_FULL : CODE_NONE);
  const replay = await ended(await model.replays.start({}));
  assert.deepEqual([replay.replayed, replay.refused, model.taken.length], [6, 3, 6]);
});

test('a replay that is stopped can be started again, and puts no marked letter into the log', async () => {
  const model = new Model(100);
  model.commits = false;
  const first = await model.replays.start({});
  await until('it waits', () => model.taken.length === 100);
  await model.replays.close();
  assert.equal((await ended(first)).state, 'stopped');
});

test('a letter that is tried by itself may have another payload, and says what became of it', async () => {
  const model = new Model(3);
  assert.deepEqual(await model.replays.retry('2', { payload: Buffer.from('{"w":1}'), format: 0 }), { kind: 'stored' });
  assert.deepEqual(
    model.taken.map(({ id, payload, format }) => [id, payload, format]),
    [['2', '{"w":1}', 0]],
  );
  assert.equal(await model.replays.retry('2', {}), undefined, 'it was tried again already');
  model.dead.push({ id: '1003', reason: 'json_malformed' });
  assert.deepEqual(await model.replays.retry('3', {}), { kind: 'dead', id: '1003', reason: 'json_malformed' });
});

test('a letter is read by the version of its schema that is used now, and by the format that was said with it', async () => {
  const first = { profile: 0, schema: 7, isFormatOfRule: true };
  const replayed = new Model(1, first);
  await ended(await replayed.replays.start({}));
  const retried = new Model(1, first);
  await retried.replays.retry('1', { format: 1 });
  assert.deepEqual(
    [...replayed.contexts, ...retried.contexts].map(({ schema, isFormatOfRule }) => [schema, isFormatOfRule]),
    [
      [8, true],
      [8, false],
    ],
  );
});

test('a letter whose topic was not taken is read as the topic means now, and stays what it is where nobody takes it', async () => {
  const notTaken = (topic: string) => new Model(1, { profile: PROFILE_NOT_TAKEN, topic }, FORMAT_BY_SHAPE);
  const taken = notTaken('line/1');
  await ended(await taken.replays.start({}));
  assert.deepEqual([taken.taken[0]?.device, taken.taken[0]?.format, taken.contexts[0]?.prefix], [100, 1, 'line.']);
  const left = notTaken('line/2');
  await ended(await left.replays.start({}));
  assert.deepEqual([left.taken[0]?.device, left.contexts[0]?.profile], [0, PROFILE_NOT_TAKEN]);
});
