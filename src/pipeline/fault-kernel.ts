import { CODE_FIELD_UNEXPECTED, CODE_NONE } from '../../assembly/abi/codes.js';
import { METRICS_MAX, PAYLOAD_BYTES_MAX } from '../../assembly/abi/limits.js';
import { DECODED_AT_METRIC, DECODED_OFFSET, DECODED_READING_BYTES, INPUT_OFFSET } from '../../assembly/abi/pipeline.js';
import { STAGE_BYTES, STAGE_OFFSET } from '../../assembly/abi/regions.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import type { SchemaPlan } from '../contract/schemas/schema-plan.js';
import { KernelMemory, kernelMemory, loadKernel } from '../host/kernel.js';
import { LaidSchemas, type SchemaKernel } from '../host/laid-schemas.js';
import { fillPowers } from '../host/powers.js';
import { fillProfiles } from '../host/profiles.js';
import { metricsOf, schemaImage } from '../host/schema-image.js';
import { unknownNames } from './unknown-names.js';

/** What of `trial.wasm` it calls. */
interface TrialExports extends SchemaKernel {
  addMetric(nameBytes: number, number: number): void;
  applySchemaProbe(bytes: number): number;
  clearUnknownMetrics(): void;
  decodeFormatProbe(format: number, offset: number, bytes: number, receiveUs: number): number;
  decodeInContextProbe(device: number, format: number, offset: number, bytes: number, receiveUs: number): number;
  decodedCount(): number;
  decodedReachedAt(): number;
  decodedSkippedAt(): number;
  faultyMetric(): number;
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
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();

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
    return this.#names.length;
  }

  /** Lays a schema version. Metrics that it does not name are decoded with their names, so that one which it refuses can be told. */
  laySchema(plan: SchemaPlan): void {
    for (const name of metricsOf(plan)) if (!this.#numbers.has(name)) this.#addMetric(name);
    this.#schemas.lay(new Map([[plan.number, schemaImage({ ...plan, others: 'read' }, (name) => this.#numbers.get(name))]]));
  }

  /** Undefined: the message is not refused, or for something that only the partition's own kernel knows. */
  fault(message: FaultyMessage): Fault | undefined {
    const { payload } = message;
    if (payload.length > PAYLOAD_BYTES_MAX) return undefined;
    const code = this.#decode(message);
    if (code === CODE_NONE) return undefined;
    const reached = this.#kernel.decodedSkippedAt() || this.#kernel.decodedReachedAt();
    const position = reached - INPUT_OFFSET - (message.context?.length ?? 0);
    return position >= 0 && position <= payload.length ? { code, position } : undefined;
  }

  /**
   * The field, as the payload names it, for which the schema of a message refuses it with this code. Undefined: it does not, or for nothing of a
   * field. The version must be laid; `named` are the names of its fields.
   */
  field(message: FaultyMessage, code: number, named: ReadonlySet<string>): string | undefined {
    if (message.payload.length > PAYLOAD_BYTES_MAX || this.#decode(message) !== CODE_NONE) return undefined;
    if (code === CODE_FIELD_UNEXPECTED) return this.#decodedNames().find((name) => !named.has(name));
    if (this.#kernel.applySchemaProbe(PAYLOAD_BYTES_MAX) !== code) return undefined;
    return this.#names[this.#kernel.faultyMetric() - 1];
  }

  /** Of the message that was decoded last. */
  #decodedNames(): string[] {
    return Array.from({ length: this.#kernel.decodedCount() }, (_, reading) => {
      const at = DECODED_OFFSET + reading * DECODED_READING_BYTES + DECODED_AT_METRIC;
      return this.#names[this.#memory.view.getUint32(at, true) - 1] ?? '';
    });
  }

  /** As the pipeline does: once more after each round of new names. */
  #decode({ device, format, context, payload, receiveUs }: FaultyMessage): number {
    const contextBytes = context?.length ?? 0;
    if (context) this.#memory.bytes.set(context, INPUT_OFFSET);
    // What is after a payload may hold those of earlier calls: no decoder reads on there.
    this.#memory.bytes.set(payload, INPUT_OFFSET + contextBytes);
    while (true) {
      const code = context
        ? this.#kernel.decodeInContextProbe(device, format, INPUT_OFFSET, contextBytes + payload.length, receiveUs)
        : this.#kernel.decodeFormatProbe(format, INPUT_OFFSET, payload.length, receiveUs);
      if (code !== CODE_NONE || this.#kernel.unknownMetrics() === 0) return code;
      const names = unknownNames(this.#memory);
      if (this.metrics + names.length > METRICS_MAX) return CODE_NONE;
      for (const name of names) this.#addMetric(name);
      this.#kernel.clearUnknownMetrics();
    }
  }

  #addMetric(name: string): void {
    const stage = this.#memory.bytes.subarray(STAGE_OFFSET, STAGE_OFFSET + STAGE_BYTES);
    const number = this.#names.push(name);
    this.#numbers.set(name, number);
    this.#kernel.addMetric(new TextEncoder().encodeInto(name, stage).written, number);
  }
}
