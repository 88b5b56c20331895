import { z } from 'zod';
import { count, time } from './shared.js';

export const captureAnswer = z.strictObject({
  capture_id: z.int(),
  /** Null: of any tenant. */
  tenant: z.string().nullable(),
  /** Null: those that are refused at the door, of whatever name. */
  device_id: z.string().nullable(),
  state: z.enum(['running', 'ended']),
  ended_because: z.enum(['time', 'asked', 'shutdown']).nullable(),
  began_at: time,
  /** When it ends, or ended. */
  ends_at: time,
  messages_max: count,
  /** Messages seen since it began. */
  messages: count,
  /** Of these, older ones that are no longer kept. */
  dropped: count,
  /** Messages that were not looked at: too many came at once. */
  skipped: count,
});

const reading = z.strictObject({ metric: z.string(), value: z.union([z.number(), z.string()]), ts: time });

export const capturedAnswer = z.strictObject({
  /** From 1 on, in the order in which they came. */
  number: z.int(),
  received_at: time,
  verdict: z.enum(['stored', 'duplicate', 'dead_letter', 'refused']),
  /** Code of the dead letter or of the refusal. */
  reason: z.string().nullable(),
  cause: z.string().nullable(),
  way_out: z.string().nullable(),
  transport: z.enum(['mqtt', 'http', 'coap']),
  /** Null: it is not known. */
  qos: z.int().nullable(),
  dup: z.boolean(),
  retained: z.boolean(),
  tenant: z.string().nullable(),
  /** Of a client that was not let in: the name that it tried. */
  device_id: z.string().nullable(),
  /** Null: a topic of the device's own, or none. */
  topic: z.string().nullable(),
  format: z.string().nullable(),
  /** Null: nothing was kept of it. */
  payload_base64: z.string().nullable(),
  /** Of the whole payload, of which the first 16 KiB are there. */
  payload_bytes: count.nullable(),
  /** Which topic rule matches the topic now, and its decoder. */
  rule: z.string().nullable(),
  decoder: z.string().nullable(),
  prefix: z.string().nullable(),
  /** Number of the schema version. */
  schema: z.int().nullable(),
  /** Of the dead letter that is tried again. */
  letter_id: z.string().nullable(),
  readings: z.array(reading),
  /** Of the message, of which the first are there. */
  readings_total: count,
});

export const capturesAnswer = z.strictObject({ captures: z.array(captureAnswer) });
export const capturedMessagesAnswer = captureAnswer.extend({
  captured: z.array(capturedAnswer),
  /** Hand it back as `after` to get those that came later. */
  next: count,
});

export type CaptureAnswer = z.infer<typeof captureAnswer>;
export type CapturesAnswer = z.infer<typeof capturesAnswer>;
export type CapturedAnswer = z.infer<typeof capturedAnswer>;
export type CapturedMessagesAnswer = z.infer<typeof capturedMessagesAnswer>;
