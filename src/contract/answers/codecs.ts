import { z } from 'zod';
import { count, time } from './shared.js';

export const codecAnswer = z.strictObject({
  codec_id: z.uuid(),
  tenant: z.string(),
  name: z.string(),
  /** From 1 on, within its name. */
  version: count,
  /** What a schema names as its format. */
  format: z.string(),
  sha256: z.string(),
  bytes: count,
  fuel_max: count,
  memory_pages_max: count,
  created_at: time,
});
export const codecsAnswer = z.strictObject({ codecs: z.array(codecAnswer) });
/** With the ids of the schemas that name it. */
export const codecWithUsersAnswer = codecAnswer.extend({ schemas: z.array(z.uuid()) });
export const codecDeletedAnswer = z.strictObject({ codec_id: z.uuid(), deleted: z.literal(true) });
export const codecTrialAnswer = z.strictObject({
  readings: z.array(z.strictObject({ metric: z.string(), value: z.union([z.number(), z.string()]), ts: time })),
  /** Instructions that the message took. */
  fuel_used: count,
  fuel_max: count,
  /** Code of the dead letter that the message would be. */
  reason: z.string().optional(),
  cause: z.string().optional(),
});

export type CodecAnswer = z.infer<typeof codecAnswer>;
export type CodecsAnswer = z.infer<typeof codecsAnswer>;
export type CodecWithUsersAnswer = z.infer<typeof codecWithUsersAnswer>;
export type CodecDeletedAnswer = z.infer<typeof codecDeletedAnswer>;
export type CodecTrialAnswer = z.infer<typeof codecTrialAnswer>;
