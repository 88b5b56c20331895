import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { generatorMissing } from '../../bench/load/build.js';
import { chooseKafka } from '../support/kafka/choose.js';
import { runBench } from './run-bench.js';

const generator = generatorMissing();
const kafka = await chooseKafka();
const small = ['--connections', '2', '--devices', '20', '--seconds', '0.3'];

test('bench:ingest --log kafka without Java ends with 2 and says what is missing', {
  skip: generator ?? (kafka.over === 'nothing' ? kafka.reason : false),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-no-java-'));
  writeFileSync(join(folder, 'java'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  const missing = runBench('ingest', ['--log', 'kafka', '--store', 'null', ...small], env);
  await assert.rejects(missing, { code: 2, stderr: /cannot bench the Kafka log: there is no Java; install Java 17 and Maven/ });
  rmSync(folder, { recursive: true });
});
