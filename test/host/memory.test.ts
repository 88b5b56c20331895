import assert from 'node:assert/strict';
import { test } from 'node:test';
import xxhash from 'xxhash-wasm';
import { GATEWAY_END } from '../../assembly/abi/gateway.js';
import { STAGE_BYTES, STAGE_OFFSET } from '../../assembly/abi/regions.js';
import type { GatewayKernel } from '../../src/gateway/kernel.js';
import { KernelMemory, kernelMemory, loadKernel } from '../../src/host/kernel.js';
import { Random } from '../support/random.js';

test("the kernels' xxh64 is xxHash's, at every length and alignment", async () => {
  const { h64Raw } = await xxhash();
  const memory = kernelMemory(GATEWAY_END);
  const kernel = loadKernel<GatewayKernel>('gateway', memory);
  const { bytes } = new KernelMemory(memory);
  const random = new Random(64);
  for (let i = 0; i < 4096; i++) bytes[STAGE_OFFSET + i] = random.below(256);
  for (let length = 0; length <= 300; length++) {
    const offset = STAGE_OFFSET + (length % 9);
    assert.equal(BigInt.asUintN(64, kernel.blockHash(offset, length)), h64Raw(bytes.slice(offset, offset + length)), `${length} bytes`);
  }
  const long = bytes.slice(STAGE_OFFSET, STAGE_OFFSET + STAGE_BYTES);
  assert.equal(BigInt.asUintN(64, kernel.blockHash(STAGE_OFFSET, long.length)), h64Raw(long));
});
