import { CODE_NONE } from '../../assembly/abi/codes.js';
import { METRICS_MAX, PAYLOAD_BYTES_MAX } from '../../assembly/abi/limits.js';
import { INPUT_OFFSET } from '../../assembly/abi/pipeline.js';
import { STAGE_BYTES, STAGE_OFFSET } from '../../assembly/abi/regions.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import type { SchemaPlan } from '../contract/schemas/schema-plan.js';
import { KernelMemory, kernelMemory, loadKernel } from '../host/kernel.js';
import { LaidSchemas, type SchemaKernel } from '../host/laid-schemas.js';
import { fillPowers } from '../host/powers.js';
import { fillProfiles } from '../host/profiles.js';
import { schemaImage } from '../host/schema-image.js';
import { unknownNames } from './unknown-names.js';

/** What of `trial.wasm` it calls. */
interface TrialExports extends SchemaKernel {
  addMetric(nameBytes: number, number: number): void;
  clearUnknownMetrics(): void;
  decodeFormatProbe(format: number, offset: number, bytes: number, receiveUs: number): number;
  decodeInContextProbe(device: number, format: number, offset: number, bytes: number, receiveUs: number): number;
  decodedReachedAt(): number;
  decodedSkippedAt(): number;
  unknownMetrics(): number;
}

export interface FaultyMessage {
  readonly device: number;
  /** FORMAT_… of abi/block.ts. */
  readonly format: number;
  /** As encodeContext writes it. */
  readonly context: Uint8Array | null;
  readonly payload: Uint8Array;
  readonly receiveUs: number;
}

/** Why a message is refused, and the byte of its payload where the value begins for which it is. */
export interface Fault {
  readonly code: number;
  readonly position: number;
}

/** A pipeline kernel that says where in a payload its decoder stood when it refused it. */
export class FaultKernel {
  readonly #memory: KernelMemory;
  readonly #kernel: TrialExports;
  readonly #schemas: LaidSchemas;
  #metrics = 0;

  constructor() {
    const memory = kernelMemory(PIPELINE_END);
    this.#kernel = loadKernel<TrialExports>('trial', memory);
    this.#memory = new KernelMemory(memory);
    fillPowers(this.#memory);
    fillProfiles(this.#memory);
    this.#schemas = new LaidSchemas(this.#memory, this.#kernel);
  }

  /** Names that it has met. With METRICS_MAX of them it finds no faults any more. */
  get metrics(): number {
    return this.#metrics;
  }

  /** Lays a schema version, without its fields: what a decoder refuses does not depend on them. */
  laySchema({ fields: _, ...plan }: SchemaPlan): void {
    this.#schemas.lay(new Map([[plan.number, schemaImage({ ...plan, fields: [], others: 'read' }, () => undefined)]]));
  }

  /** Undefined: the message is not refused, or for something that only the partition's own kernel knows. */
  fault(message: FaultyMessage): Fault | undefined {
    const { payload, context } = message;
    if (payload.length > PAYLOAD_BYTES_MAX) return undefined;
    const contextBytes = context?.length ?? 0;
    const at = INPUT_OFFSET + contextBytes;
    if (context) this.#memory.bytes.set(context, INPUT_OFFSET);
    this.#memory.bytes.set(payload, at);
    // What is after a payload may hold those of earlier calls: no decoder reads on there.
    const code = this.#decode(message, contextBytes);
    if (code === CODE_NONE) return undefined;
    const reached = this.#kernel.decodedSkippedAt() || this.#kernel.decodedReachedAt();
    const position = reached - at;
    return position >= 0 && position <= payload.length ? { code, position } : undefined;
  }

  /** As the pipeline does: once more after each round of new names. */
  #decode({ device, format, context, payload, receiveUs }: FaultyMessage, contextBytes: number): number {
    while (true) {
      const code = context
        ? this.#kernel.decodeInContextProbe(device, format, INPUT_OFFSET, contextBytes + payload.length, receiveUs)
        : this.#kernel.decodeFormatProbe(format, INPUT_OFFSET, payload.length, receiveUs);
      if (code !== CODE_NONE || this.#kernel.unknownMetrics() === 0) return code;
      const names = unknownNames(this.#memory);
      if (this.#metrics + names.length > METRICS_MAX) return CODE_NONE;
      for (const name of names) this.#addMetric(name);
      this.#kernel.clearUnknownMetrics();
    }
  }

  #addMetric(name: string): void {
    const stage = this.#memory.bytes.subarray(STAGE_OFFSET, STAGE_OFFSET + STAGE_BYTES);
    this.#kernel.addMetric(new TextEncoder().encodeInto(name, stage).written, ++this.#metrics);
  }
}
