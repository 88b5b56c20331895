import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission } from '../../../src/control/offline/admission.js';

/** An admission whose steps are noted; `failing` names the one that fails, as long as it is set. */
function admissionOf(state: { failing?: string | undefined; metricsHold?: boolean; isEnding?: boolean }) {
  const steps: string[] = [];
  const step = async (name: string) => {
    steps.push(name);
    if (state.failing === name) throw new Error(`${name} fails`);
  };
  const admission = new Admission({
    open: async () => {
      await step('open');
      return { lostDevices: [[1, 2]] };
    },
    hold: (isHeld) => void steps.push(isHeld ? 'hold' : 'let go'),
    reload: [() => step('devices'), () => step('keys')],
    reloadMetrics: async () => {
      await step('metrics');
      return state.metricsHold ?? true;
    },
    claim: async () => {
      await step('claim');
      return [{ number: 0, committed: 5n }];
    },
    admit: async (owned, _, isOther) => {
      await step(`admit ${owned[0]?.committed}${isOther ? ' of other numbers' : ''}`);
      return isOther;
    },
    isEnding: () => state.isEnding ?? false,
  });
  return { admission, steps };
}

test('a database that is refused is neither read nor claimed', async () => {
  const { admission, steps } = admissionOf({ failing: 'open' });
  await assert.rejects(admission.attempt(), /open fails/);
  assert.deepEqual(steps, ['open']);
});

test('rows are committed last, after devices and keys are what the database has', async () => {
  const { admission, steps } = admissionOf({});
  assert.deepEqual(await admission.attempt(), { lostDevices: [[1, 2]], again: false });
  assert.deepEqual(steps, ['open', 'let go', 'metrics', 'devices', 'keys', 'claim', 'admit 5']);
});

test('a database that goes away meanwhile is compared anew, and differences are not forgotten', async () => {
  const state: Parameters<typeof admissionOf>[0] = { failing: 'claim', metricsHold: false };
  const { admission, steps } = admissionOf(state);
  await assert.rejects(admission.attempt(), /claim fails/);
  assert.equal(steps.at(-1), 'hold');
  Object.assign(state, { failing: undefined, metricsHold: true });
  assert.deepEqual(await admission.attempt(), { lostDevices: [[1, 2]], again: true });
  assert.equal(steps.at(-1), 'admit 5 of other numbers');
});

test('a process that ends meanwhile commits nothing any more', async () => {
  const { admission, steps } = admissionOf({ isEnding: true });
  assert.equal(await admission.attempt(), undefined);
  assert.equal(steps.at(-1), 'claim');
});
