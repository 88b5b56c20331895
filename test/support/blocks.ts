import { encodeContext, type RecordContext } from '../../src/contract/record-context.js';
import { type BlockRecord, sealBlock as seal } from '../../src/host/seal-block.js';

export interface TestRecord extends Omit<BlockRecord, 'payload' | 'context'> {
  readonly payload: Uint8Array | string;
  readonly context?: RecordContext;
}

/** A sealed block, as the gateway's kernel lays it out. */
export function sealBlock(partition: number, records: readonly TestRecord[], version?: number): Uint8Array {
  const laid = records.map(({ context, payload, ...record }): BlockRecord => {
    return { ...record, payload: Buffer.from(payload), ...(context && { context: encodeContext(context) }) };
  });
  return seal(partition, laid, version);
}
