import { SCHEMAS_BYTES, SCHEMAS_OFFSET, WANTED_SCHEMAS_OFFSET } from '../../assembly/abi/pipeline.js';
import {
  SCHEMA_SLOT_AT_OFFSET,
  SCHEMA_SLOT_BYTES,
  SCHEMA_SLOTS,
  SCHEMAS_AT,
  SCHEMAS_MAX,
  TIME_ZONE_KEY,
} from '../../assembly/abi/schemas.js';
import type { KernelMemory } from './kernel.js';

const ALIGNMENT = 8;

/** What of a pipeline's kernel is called for its schemas. */
export interface SchemaKernel {
  forgetSchemas(): void;
}

/** The image of each version that is laid, as schemaImage makes it; undefined: there is no such version. */
export type SchemaImages = ReadonlyMap<number, Uint8Array | undefined>;

/** The schema versions of one kernel. Its owner lays them between two blocks; a version's image stays as it is. */
export class LaidSchemas {
  readonly #memory: KernelMemory;
  readonly #kernel: SchemaKernel;
  readonly #numbers = new Set<number>();
  #end: number = SCHEMAS_AT;

  constructor(memory: KernelMemory, kernel: SchemaKernel) {
    this.#memory = memory;
    this.#kernel = kernel;
  }

  /** Lays versions; those that are there already stay. Where there is no room for all, these take the place of all that was laid before. */
  lay(images: SchemaImages): void {
    const isLaid = [...images].every(([number, image]) => this.#add(number, image));
    if (isLaid) return;
    this.clear();
    // What does not even fit alone is as good as absent.
    for (const [number, image] of images) if (!this.#add(number, image)) this.#add(number, undefined);
  }

  /** Takes all versions away: the kernel asks for those that it meets. */
  clear(): void {
    this.#memory.bytes.fill(0, SCHEMAS_OFFSET, SCHEMAS_OFFSET + this.#end);
    this.#kernel.forgetSchemas();
    this.#numbers.clear();
    this.#end = SCHEMAS_AT;
  }

  /** False: there is no room. */
  #add(number: number, image: Uint8Array | undefined): boolean {
    if (!Number.isInteger(number) || number < 1 || number > 0xffffffff)
      throw new RangeError(`cannot lay schema version ${number}: no such number`);
    if (this.#numbers.has(number)) return true;
    const bytes = image?.length ?? 0;
    if (this.#numbers.size === SCHEMAS_MAX || this.#end + bytes > SCHEMAS_BYTES) return false;
    if (image) this.#memory.bytes.set(image, SCHEMAS_OFFSET + this.#end);
    const at = this.#freeSlot(number);
    this.#memory.view.setUint32(at + SCHEMA_SLOT_AT_OFFSET, image ? this.#end : 0, true);
    this.#memory.view.setUint32(at, number, true);
    this.#numbers.add(number);
    this.#end += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return true;
  }

  #freeSlot(number: number): number {
    for (let slot = number % SCHEMA_SLOTS; ; slot = (slot + 1) % SCHEMA_SLOTS) {
      const at = SCHEMAS_OFFSET + slot * SCHEMA_SLOT_BYTES;
      if (this.#memory.view.getUint32(at, true) === 0) return at;
    }
  }
}

/** Number of the time zone of which a kernel asks so; undefined: it asks for a schema version. */
export function zoneOfKey(number: number): number | undefined {
  return number >= TIME_ZONE_KEY ? number - TIME_ZONE_KEY : undefined;
}

/** The versions and time zones that a kernel waits for, after it answered BLOCK_NEEDS_SCHEMAS. */
export function wantedSchemas({ view }: KernelMemory): number[] {
  const count = view.getUint32(WANTED_SCHEMAS_OFFSET, true);
  return Array.from({ length: count }, (_, index) => view.getUint32(WANTED_SCHEMAS_OFFSET + 4 + index * 4, true));
}
