import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAddon } from '../../src/kafka/client.js';
import { KafkaFailure } from '../../src/kafka/failure.js';

test('without the addon there is a code, the cause and a way out', () => {
  const load = () => {
    throw new Error("Cannot find module 'node-rdkafka'\nRequire stack: …");
  };
  assert.throws(
    () => loadAddon(load),
    (error) => {
      assert.ok(error instanceof KafkaFailure);
      assert.equal(error.code, 'kafka_addon_missing');
      assert.match(error.message, /^cannot load node-rdkafka: Cannot find module 'node-rdkafka' \(kafka_addon_missing\)$/);
      assert.match(error.wayOut, /run: npm run build:kafka; or leave SPILLWAY_LOG at file/);
      return true;
    },
  );
});
