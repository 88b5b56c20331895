import xxhash from 'xxhash-wasm';
import { VERDICTS_OFFSET } from '../../assembly/abi/pipeline.js';
import {
  VERDICT_AT_CODE,
  VERDICT_AT_DEVICE,
  VERDICT_AT_DUPLICATE,
  VERDICT_AT_HASH,
  VERDICT_AT_SKIPPED,
  VERDICT_AT_SKIPPED_CODE,
  VERDICT_AT_STORED,
  VERDICT_BYTES,
  VERDICTS_HEADER_BYTES,
} from '../../assembly/abi/verdicts.js';
import type { MessageVerdict } from '../contract/verdict.js';
import type { KernelMemory } from './kernel.js';

const { h64Raw } = await xxhash();

/** What a verdict knows its message by. */
export function messageHash(device: number, payload: Uint8Array): bigint {
  return h64Raw(payload, BigInt(device));
}

/** The bytes of all verdicts since the last call, in the order in which the messages were run; undefined: there are none. */
export function takeVerdicts(memory: KernelMemory): Uint8Array | undefined {
  const entries = memory.view.getUint32(VERDICTS_OFFSET, true);
  if (entries === 0) return undefined;
  memory.view.setUint32(VERDICTS_OFFSET, 0, true);
  return memory.slice(VERDICTS_OFFSET + VERDICTS_HEADER_BYTES, entries * VERDICT_BYTES);
}

export function* readVerdicts(bytes: Uint8Array): Generator<MessageVerdict> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; at += VERDICT_BYTES) {
    yield {
      device: view.getUint32(at + VERDICT_AT_DEVICE, true),
      hash: view.getBigUint64(at + VERDICT_AT_HASH, true),
      code: view.getUint32(at + VERDICT_AT_CODE, true),
      stored: view.getUint32(at + VERDICT_AT_STORED, true),
      duplicate: view.getUint32(at + VERDICT_AT_DUPLICATE, true),
      skipped: view.getUint32(at + VERDICT_AT_SKIPPED, true),
      skippedCode: view.getUint32(at + VERDICT_AT_SKIPPED_CODE, true),
    };
  }
}
