import { METRIC_NAME_BYTES_MAX, TEXT_BYTES_MAX, TS_AHEAD_US_MAX, TS_US_MIN } from '../../assembly/abi/limits.js';
import type { Value } from './decoder.js';
import type { Sample } from './format-decoder.js';

/** Thrown where a message is to be refused. */
class Refused extends Error {}
/** Thrown where a library made something of a payload that no device sends: there is nothing to compare. */
export class Incomparable extends Error {}

const IS_TS = ['ts'];
const MAY_BE_TS = ['time', 'timestamp'];
const OPEN = ['values', 'readings'];

/**
 * What the values that a library decoded from a payload are as samples, by the plain profile; undefined: the message is refused.
 * Slow and plain, to check the kernel against. `hasMillis`: no time in the payload is finer than a millisecond, as no Date is.
 */
export function samplesOf(document: unknown, receiveUs: number, hasMillis: boolean): Sample[] | undefined {
  try {
    if (!hasMillis) refuseDates(document);
    return new Reader(receiveUs).read(document);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

function refuseDates(value: unknown): void {
  if (value instanceof Date) throw new Incomparable();
  if (isMap(value) || Array.isArray(value)) for (const one of Object.values(value)) refuseDates(one);
}

class Reader {
  readonly #receiveUs: number;
  readonly #samples: Sample[] = [];
  #open: Sample = { readings: [] };
  /** Of readings, and of values that cannot be kept. */
  #names: string[] = [];
  #quiet = 0;
  #isTsGuessed = false;
  #skipped = 0;

  constructor(receiveUs: number) {
    this.#receiveUs = receiveUs;
  }

  read(document: unknown): Sample[] {
    if (Array.isArray(document)) {
      for (const [index, element] of document.entries()) {
        if (isMap(element)) this.#sample(element);
        else this.#value(element, `value.${index}`);
      }
    } else if (isMap(document)) {
      this.#sample(document);
    } else {
      this.#value(document, 'value');
    }
    this.#end();
    if (this.#samples.length === 0) throw new Refused();
    if (this.#skipped > 0 && this.#samples.every(({ readings }) => readings.length === 0)) throw new Refused();
    return this.#samples;
  }

  #end(): void {
    const { readings, seq } = this.#open;
    if (new Set(this.#names).size !== this.#names.length) throw new Refused();
    this.#names = [];
    if (readings.length > 0 || this.#quiet > 0 || seq !== undefined) this.#samples.push(this.#open);
    this.#open = { readings: [] };
    this.#quiet = 0;
  }

  #sample(map: Record<string, unknown>): void {
    const isNative = isMap(map.metrics);
    for (const [name, value] of Object.entries(map)) {
      if (IS_TS.includes(name)) {
        if (this.#open.tsUs !== undefined && !this.#isTsGuessed) throw new Refused();
        this.#isTsGuessed = false;
        if (value !== null && value !== undefined && !this.#takeTs(value)) throw new Refused();
      } else if (name === 'seq') {
        this.#takeSeq(value);
      } else if (name === 'metrics' && isMap(value)) {
        this.#members(value, '');
      } else if (name === 'metrics' && Array.isArray(value)) {
        throw new Incomparable(); // The batch form of another profile.
      } else if (isNative || name === 'metrics') {
        check(value);
      } else if (OPEN.includes(name) && isMap(value)) {
        this.#members(value, '');
      } else if (MAY_BE_TS.includes(name) && this.#open.tsUs === undefined && this.#takeTs(value)) {
        this.#isTsGuessed = true;
      } else {
        this.#value(value, name);
      }
    }
    this.#end();
  }

  #members(map: Record<string, unknown>, path: string): void {
    for (const [name, value] of Object.entries(map)) this.#value(value, joined(path, name));
  }

  #value(value: unknown, name: string): void {
    if (isMap(value)) this.#members(value, name);
    else if (Array.isArray(value)) for (const [index, element] of value.entries()) this.#value(element, joined(name, `${index}`));
    else this.#scalar(value, name);
  }

  #scalar(value: unknown, name: string): void {
    const scalar = scalarOf(value);
    if (scalar !== null && !(value instanceof Uint8Array) && isName(name)) this.#names.push(name);
    if (scalar === null) {
      this.#quiet++;
    } else if (isName(name) && isKept(scalar)) {
      this.#open.readings.push([name, scalar]);
    } else {
      this.#quiet++;
      this.#skipped++;
    }
  }

  #takeTs(value: unknown): boolean {
    check(value);
    if (value === null || value === undefined) return false;
    const us = value instanceof Date ? value.getTime() * 1000 : typeof value === 'bigint' ? usOfWhole(value) : usOf(value);
    if (us === undefined || us < TS_US_MIN || us > this.#receiveUs + TS_AHEAD_US_MAX) return false;
    this.#open.tsUs = us;
    return true;
  }

  #takeSeq(value: unknown): void {
    check(value);
    if (value === null || value === undefined) return;
    const seq = typeof value === 'bigint' ? Number(value) : value;
    if (!Number.isSafeInteger(seq) || (seq as number) < 0) throw new Refused();
    this.#open.seq = Math.abs(seq as number);
  }
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function usOf(value: unknown): number | undefined {
  if (typeof value === 'string') throw new Incomparable();
  if (typeof value !== 'number') return undefined;
  if (Number.isNaN(value)) return undefined;
  if (value < 1e11) return toEven(value * 1e6);
  return value < 1e14 ? toEven(value * 1e3) : Math.floor(value < 1e17 ? value : value / 1e3);
}

/** No double is as exact as nanoseconds of today. */
function usOfWhole(value: bigint): number | undefined {
  return value < 10n ** 17n ? usOf(Number(value)) : Number(value / 1000n);
}

/** The nearest whole number, of two as near as each other the even one. */
function toEven(value: number): number {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Goes through a value that is not read, so that what a library makes of it is seen. */
function check(value: unknown): void {
  if (isMap(value) || Array.isArray(value)) for (const one of Object.values(value)) check(one);
  else scalarOf(value);
}

/** null: no value; not a number: nothing that is kept. */
function scalarOf(value: unknown): Value | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean' || typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Number.NaN;
  if (typeof value !== 'number' && typeof value !== 'string') throw new Incomparable();
  return value;
}

function isName(name: string): boolean {
  const bytes = Buffer.byteLength(name);
  return bytes > 0 && bytes <= METRIC_NAME_BYTES_MAX && !/\p{Cc}/u.test(name);
}

function isKept(value: Value): boolean {
  return typeof value === 'number' ? Number.isFinite(value) : !value.includes('\0') && Buffer.byteLength(value) <= TEXT_BYTES_MAX;
}
