import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Outcome, Simulation } from './simulation.js';

/** `npm run test:simulation` runs many; SIMULATION_SEED=n runs that one again, as it was. */
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 250);
const ONLY = process.env.SIMULATION_SEED === undefined ? undefined : Number(process.env.SIMULATION_SEED);
const TRACE_LINES = 40;

function run(seed: number, haltAt = 0): Outcome {
  const simulation = new Simulation(seed, haltAt);
  try {
    return simulation.run();
  } catch (error) {
    const where = haltAt > 0 ? `, halted at call ${haltAt} too` : '';
    console.log(`\nSIMULATION_SEED=${seed}${where}; the last of what happened:\n${simulation.trace.slice(-TRACE_LINES).join('\n')}\n`);
    throw error;
  }
}

test('whatever fails, what was acknowledged is stored once', { timeout: 3_600_000 }, (t) => {
  const seeds = ONLY === undefined ? Array.from({ length: SEEDS }, (_, index) => index + 1) : [ONLY];
  const beginMs = performance.now();
  let [sent, lives, calls] = [0, 0, 0];
  for (const seed of seeds) {
    const outcome = run(seed);
    sent += outcome.sent;
    lives += outcome.lives;
    calls += outcome.calls;
  }
  const seconds = ((performance.now() - beginMs) / 1000).toFixed(1);
  t.diagnostic(`${seeds.length} seeds in ${seconds} s: ${sent} messages, ${lives} lives, ${calls} calls of the disk`);
  assert.ok(ONLY !== undefined || (sent > seeds.length * 10 && lives > seeds.length), 'the runs are not empty');
});

test('a halt at every call of the disk, one after the other', (t) => {
  const seeds = ONLY === undefined ? [17, 27, 32] : [ONLY];
  let halts = 0;
  for (const seed of seeds) {
    const { calls } = run(seed);
    for (let haltAt = 1; haltAt <= calls; haltAt++) run(seed, haltAt);
    halts += calls;
  }
  t.diagnostic(`${halts} halts`);
  assert.ok(halts > 100);
});

test('a seed makes the same run each time', () => {
  const traces = [0, 1].map(() => {
    const simulation = new Simulation(ONLY ?? 7);
    simulation.run();
    return simulation.trace;
  });
  assert.deepEqual(traces[0], traces[1]);
});
