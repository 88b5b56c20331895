import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../source-tree.js';

// What crosses the border of the kernels, by name: a function that is added, renamed or forgotten shows here.

const functions: Record<string, string[]> = {
  gateway: [
    'abiVersion',
    'acceptHanded',
    'addDevice',
    'addRoute',
    'aliasOf',
    'allowAliases',
    'answered',
    'blockHash',
    'callCount',
    'clearRoutes',
    'coapClosed',
    'coapJudged',
    'connected',
    'countRefused',
    'durableTo',
    'earlyMs',
    'ended',
    'findDevice',
    'freeSlots',
    'heldRecords',
    'ingest',
    'ingestPart',
    'initSlots',
    'keepNotTaken',
    'keepUnreleased',
    'leave',
    'levelOf',
    'nextSealed',
    'nudge',
    'openedMs',
    'overRateOf',
    'placeOfPubrec',
    'refuseHanded',
    'refuseOfDevice',
    'release',
    'releaseHeld',
    'resumed',
    'sealAll',
    'sealDue',
    'seedRoutes',
    'sendCount',
    'setClock',
    'setHeld',
    'setTaps',
    'starved',
    'sweep',
    'takeHeld',
    'taken',
    'turn',
  ],
  pipeline: [
    'abiVersion',
    'account',
    'addMetric',
    'adoptState',
    'batchHasRoom',
    'batchRows',
    'blocksEnd',
    'blocksLastUs',
    'capture',
    'clearUnknownMetrics',
    'decodeByShapeProbe',
    'decodeFormatProbe',
    'decodeInContextProbe',
    'decodeProbe',
    'decodedCount',
    'decodedHasSeq',
    'decodedHasTs',
    'decodedNulls',
    'decodedRounded',
    'decodedSampleCount',
    'decodedSeq',
    'decodedSkipped',
    'decodedTsUs',
    'denyUnknownMetrics',
    'describeState',
    'forgetSchemas',
    'isRepeated',
    'latest',
    'learnShapeProbe',
    'loseDevices',
    'noteBlock',
    'openBatch',
    'openBooks',
    'processBlocks',
    'readingProbe',
    'sealBatch',
    'setMessageCount',
    'setPartition',
    'unknownMetrics',
    'unknownMetricsDevice',
    'watch',
  ],
};

const trial = [...(functions.pipeline as string[]), 'applySchemaProbe', 'decodedReachedAt', 'decodedSkippedAt', 'faultyMetric'].sort();

for (const [name, expected] of Object.entries({ ...functions, trial })) {
  test(`${name}.wasm exports these functions and its memory, and imports memory and abort alone`, () => {
    const module = new WebAssembly.Module(readFileSync(join(root, 'dist', 'assembly', `${name}.wasm`)));
    const exported = (kind: string) => WebAssembly.Module.exports(module).flatMap((one) => (one.kind === kind ? [one.name] : []));
    assert.deepEqual(exported('function').sort(), expected);
    assert.deepEqual([exported('memory'), exported('table'), exported('global')], [['memory'], [], []]);
    assert.deepEqual(
      WebAssembly.Module.imports(module).map((one) => `${one.module}.${one.name} ${one.kind}`),
      ['env.abort function', 'env.memory memory'],
    );
  });
}
