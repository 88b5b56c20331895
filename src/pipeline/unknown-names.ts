import { UNKNOWN_METRICS_OFFSET } from '../../assembly/abi/pipeline.js';
import type { KernelMemory } from '../host/kernel.js';

/** The metric names that a kernel waits for, after it answered BLOCK_NEEDS_METRICS. */
export function unknownNames({ view, bytes }: KernelMemory): string[] {
  const names: string[] = [];
  let at = UNKNOWN_METRICS_OFFSET + 4;
  for (let left = view.getUint32(UNKNOWN_METRICS_OFFSET, true); left > 0; left--) {
    const length = view.getUint16(at, true);
    names.push(Buffer.from(bytes.slice(at + 2, at + 2 + length)).toString('utf8'));
    at += 2 + length;
  }
  return names;
}
