import { z } from 'zod';
import { TEXT_BYTES_MAX } from '../../../assembly/abi/limits.js';
import type { CapturedMessage, TurnedAway } from '../../contract/captures.js';
import { decodeContext, encodeContext } from '../../contract/record-context.js';

// Captured messages between the processes of a deployment.

const device = z.int().min(1).max(0xffffffff);
const moment = z.number().min(0).max(8.64e15);
const small = z.int().min(0).max(0xffff);
const transport = z.enum(['mqtt', 'http', 'coap']);
const name = z.string().max(256);

export const capturedPart = z.object({
  device,
  receivedMs: moment,
  transport,
  qos: small,
  isAgain: z.boolean(),
  format: small,
  /** As a record has it. */
  context: z.base64().optional(),
  payload: z.base64(),
  payloadBytes: z.int().min(0),
  verdict: z.union([z.enum(['stored', 'duplicate']), z.object({ code: small })]),
  /** Metric, event time, value. */
  readings: z.array(z.tuple([z.int().min(0), moment, z.union([z.number(), z.string().max(TEXT_BYTES_MAX)])])),
  readingsTotal: z.int().min(0),
});
export type CapturedPart = z.infer<typeof capturedPart>;

export const turnedAwayPart: z.ZodType<TurnedAway> = z.object({
  atMs: moment,
  transport,
  device: z.exactOptional(device),
  claim: z.exactOptional(z.object({ tenant: name, id: name })),
  code: z.string().max(64),
  topic: z.exactOptional(z.string().max(1024)),
});

export function partOf({ context, payload, readings, ...rest }: CapturedMessage): CapturedPart {
  return {
    ...rest,
    ...(context && { context: encodeContext(context).toString('base64') }),
    payload: Buffer.from(payload).toString('base64'),
    readings: readings.map(({ metric, tsMs, value }) => [metric, tsMs, value]),
  };
}

export function capturedOf({ context, payload, readings, ...rest }: CapturedPart): CapturedMessage {
  return {
    ...rest,
    context: context === undefined ? undefined : decodeContext(Buffer.from(context, 'base64')),
    payload: Buffer.from(payload, 'base64'),
    readings: readings.map(([metric, tsMs, value]) => ({ metric, tsMs, value })),
  };
}
