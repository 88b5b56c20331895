import { POWERS_MAX, POWERS_MIN, POWERS_OFFSET } from '../../assembly/abi/pipeline.js';
import type { KernelMemory } from './kernel.js';

const WORD_BITS = 64n;
const POWER_BITS = 128;
/** Below this power of five, 128 bits of the reciprocal are no longer exact enough without a doubled dividend. */
const SHORT_RECIPROCAL_MIN = -27;

/**
 * The leading 128 bits of 5^power, the topmost set: cut off for powers from 0 on, rounded up for negative ones.
 * Lemire, "Number Parsing at a Gigabyte per Second" (2021), appendix B.
 */
export function truncatedPowerOfFive(power: number): bigint {
  const value = 5n ** BigInt(Math.abs(power));
  if (power >= 0) return leadingBits(value);
  // Least z with 2^z >= 5^|power|; it is the bit length, as no power of five but 1 is one of two.
  const bits = value.toString(2).length;
  const dividendBits = power >= SHORT_RECIPROCAL_MIN ? bits + POWER_BITS - 1 : 2 * bits + POWER_BITS;
  return leadingBits((1n << BigInt(dividendBits)) / value + 1n);
}

function leadingBits(value: bigint): bigint {
  const shift = value.toString(2).length - POWER_BITS;
  return shift >= 0 ? value >> BigInt(shift) : value << BigInt(-shift);
}

let table: Uint8Array | undefined;

/** Fills the powers region, without which the kernel reads numbers wrong. Once, before the first block. */
export function fillPowers(memory: KernelMemory): void {
  // All partitions of a thread have the same powers.
  table ??= buildTable();
  memory.bytes.set(table, POWERS_OFFSET);
}

function buildTable(): Uint8Array {
  const bytes = new Uint8Array((POWERS_MAX - POWERS_MIN + 1) * 16);
  const view = new DataView(bytes.buffer);
  for (let power = POWERS_MIN; power <= POWERS_MAX; power++) {
    const at = (power - POWERS_MIN) * 16;
    const bits = truncatedPowerOfFive(power);
    view.setBigUint64(at, BigInt.asUintN(64, bits), true);
    view.setBigUint64(at + 8, bits >> WORD_BITS, true);
  }
  return bytes;
}
