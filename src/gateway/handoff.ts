import assert from 'node:assert/strict';
import { BLOCK_AT_BODY_BYTES, BLOCK_AT_PARTITION, BLOCK_HEADER_BYTES } from '../../assembly/abi/block.js';
import { BLOCKS_OFFSET } from '../../assembly/abi/gateway.js';
import { BLOCK_BYTES_MAX } from '../../assembly/abi/limits.js';
import type { BlockRing } from '../host/block-ring.js';
import type { Doorbell } from '../host/doorbell.js';
import type { KernelMemory } from '../host/kernel.js';
import type { GatewayKernel } from './kernel.js';

/** Where the gateway and the log meet: sealed blocks go out, durable ones come back, both in order. */
export class Handoff {
  readonly #kernel: GatewayKernel;
  readonly #view: DataView;
  readonly #ring: BlockRing;
  readonly #logDoorbell: Doorbell;
  #released: number;

  constructor(kernel: GatewayKernel, memory: KernelMemory, ring: BlockRing, logDoorbell: Doorbell) {
    this.#kernel = kernel;
    this.#view = memory.view;
    this.#ring = ring;
    this.#logDoorbell = logDoorbell;
    this.#released = ring.released;
  }

  /** The log has nothing of ours to write. */
  get isIdle(): boolean {
    return this.#ring.length === 0;
  }

  /** Messages of the blocks that the kernel knows as durable, as the log counted them, modulo 2^32. */
  get logged(): number {
    return this.#ring.talliedBefore(this.#released);
  }

  /** Everything that was pushed is durable, and the kernel knows: nobody is owed an answer. */
  get isSettled(): boolean {
    return this.#ring.pushed === this.#released;
  }

  /** Tells the kernel of all blocks that became durable; `flush` takes its sends and calls. */
  release(flush: () => void): void {
    const released = this.#ring.released;
    while (this.#released !== released) {
      while (this.#kernel.release() === 0) flush();
      this.#released = (this.#released + 1) | 0;
    }
    flush();
  }

  /** Pushes all sealed blocks. */
  push(): void {
    let slot = this.#kernel.nextSealed();
    if (slot < 0) return;
    for (; slot >= 0; slot = this.#kernel.nextSealed()) {
      const offset = BLOCKS_OFFSET + slot * BLOCK_BYTES_MAX;
      const bytes = BLOCK_HEADER_BYTES + this.#view.getUint32(offset + BLOCK_AT_BODY_BYTES, true);
      const partition = this.#view.getUint32(offset + BLOCK_AT_PARTITION, true);
      assert(this.#ring.push(offset, bytes, partition), 'the ring holds as many blocks as there are slots');
    }
    this.#logDoorbell.ring();
  }
}
