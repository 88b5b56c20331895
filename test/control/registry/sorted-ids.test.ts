import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SortedIds } from '../../../src/control/registry/sorted-ids.js';

test('pages are those of a sorted array, however additions and looks are mixed', () => {
  const step = fc.oneof(
    fc.record({ add: fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 3 }), { maxLength: 20 }) }),
    fc.record({ after: fc.option(fc.string({ maxLength: 3 }), { nil: undefined }), limit: fc.integer({ min: 0, max: 10 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const ids = new SortedIds();
      const model = new Set<string>();
      for (const each of steps) {
        if ('add' in each) {
          for (const id of each.add.filter((candidate) => !model.has(candidate))) {
            ids.add(id);
            model.add(id);
          }
          continue;
        }
        const expected = [...model].sort().filter((id) => each.after === undefined || id > each.after);
        assert.deepEqual(ids.page(each.after, each.limit), expected.slice(0, each.limit));
        assert.equal(ids.size, model.size);
      }
    }),
  );
});
