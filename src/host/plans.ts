import { PLANS_BYTES, PLANS_OFFSET } from '../../assembly/abi/pipeline.js';
import { PLAN_SLOT_AT_OFFSET, PLAN_SLOT_BYTES, PLAN_SLOTS, PLANS_AT, PLANS_MAX } from '../../assembly/abi/plans.js';
import type { KernelMemory } from './kernel.js';

const ALIGNMENT = 8;

/** The plans of one kernel, by schema version. Its owner adds to them between two blocks; a version's plan stays as it is. */
export class Plans {
  readonly #memory: KernelMemory;
  readonly #schemas = new Set<number>();
  #end: number = PLANS_AT;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  /** Lays the plan of a version, a number from 1 on; false: there is no room for it. One that is there already changes nothing. */
  add(schema: number, plan: Uint8Array): boolean {
    if (!Number.isInteger(schema) || schema < 1 || schema > 0xffffffff) throw new RangeError(`cannot lay plan ${schema}: no such version`);
    if (this.#schemas.has(schema)) return true;
    if (this.#schemas.size === PLANS_MAX || this.#end + plan.length > PLANS_BYTES) return false;
    this.#memory.bytes.set(plan, PLANS_OFFSET + this.#end);
    const at = this.#freeSlot(schema);
    this.#memory.view.setUint32(at + PLAN_SLOT_AT_OFFSET, this.#end, true);
    this.#memory.view.setUint32(at, schema, true);
    this.#schemas.add(schema);
    this.#end += Math.ceil(plan.length / ALIGNMENT) * ALIGNMENT;
    return true;
  }

  #freeSlot(schema: number): number {
    for (let slot = schema % PLAN_SLOTS; ; slot = (slot + 1) % PLAN_SLOTS) {
      const at = PLANS_OFFSET + slot * PLAN_SLOT_BYTES;
      if (this.#memory.view.getUint32(at, true) === 0) return at;
    }
  }
}
