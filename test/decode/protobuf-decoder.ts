import { FORMAT_PROTOBUF } from '../../assembly/abi/block.js';
import { compileProto, type ProtoOptions } from '../../src/control/schemas/compile-proto.js';
import { TestKernel } from '../support/pipeline-kernel.js';

export const RECEIVED_US = Date.UTC(2026, 10, 30, 9, 0, 1) * 1000;
export type Reading = readonly [metric: string, value: number | string, tsUs: number];

/** A pipeline kernel that reads Protobuf payloads by the schemas that it is given. */
export class ProtobufDecoder {
  readonly kernel = new TestKernel();
  #schemas = 0;

  /** Compiles a schema and lays its plan; answers its version. */
  add(proto: string, options?: ProtoOptions): number {
    const number = ++this.#schemas;
    this.kernel.schemas.set(number, { number, mode: 'flexible', fields: [], others: 'read', protobuf: compileProto(proto, options) });
    return this.#schemas;
  }

  /** Readings of one payload, numbers and texts apart, each in its order; or the reason of its dead letter. */
  decode(schema: number, payload: Uint8Array, prefix = ''): Reading[] | string {
    const context = { profile: 0, schema, ...(prefix === '' ? {} : { prefix }) };
    this.kernel.run([{ device: 7, receiveUs: RECEIVED_US, payload, format: FORMAT_PROTOBUF, context }]);
    const { readings, texts, deads } = this.kernel.take();
    if (deads.length > 0) return deads.map(({ reason }) => reason).join();
    return [...readings, ...texts].map(({ metric, value, tsUs }) => [metric, value, tsUs]);
  }
}
