import { z } from 'zod';
import { count, countsByCode, time } from './shared.js';

const side = z.strictObject({ value: z.union([z.number(), z.string()]), ts: time }).nullable();

const report = z.strictObject({
  /** Messages that were decoded both ways. */
  messages: count,
  /** Those that are the same both ways, refusals included. */
  same: count,
  /** Receive times of the first and last of them; null: there were none. */
  from: time.nullable(),
  to: time.nullable(),
  /** Messages that became dead letters, and that would, by code. */
  refused: z.strictObject({ before: countsByCode, after: countsByCode }),
  /** Readings by metric, those that differ most first. */
  fields: z.array(
    z.strictObject({
      field: z.string(),
      same: count,
      changed: count,
      only_before: count,
      only_after: count,
      examples: z.array(z.strictObject({ device: z.string(), before: side, after: side })),
    }),
  ),
});

export const shadowRunAnswer = z.strictObject({
  id: count,
  tenant: z.string(),
  candidate: z.enum(['schema', 'topic_rule', 'pack']),
  /** The schema's device class, the rule's pattern, or the pack's name and version. */
  subject: z.string(),
  state: z.enum(['running', 'done', 'failed', 'activated']),
  /** Why it failed. */
  cause: z.string().nullable(),
  percent: z.number(),
  began_at: time,
  /** Until when live messages are taken in. */
  ends_at: time,
  report,
});
export const shadowRunsAnswer = z.strictObject({ shadow_runs: z.array(shadowRunAnswer) });
export const shadowRunActivatedAnswer = shadowRunAnswer.extend({
  /** Of a schema. */
  schema_id: z.string().optional(),
  version: count.optional(),
  /** Of a rule. */
  rule: z.string().optional(),
  /** Its name and version. */
  pack: z.string().optional(),
});

export type ShadowReport = z.infer<typeof report>;
export type ShadowRunAnswer = z.infer<typeof shadowRunAnswer>;
export type ShadowRunsAnswer = z.infer<typeof shadowRunsAnswer>;
export type ShadowRunActivatedAnswer = z.infer<typeof shadowRunActivatedAnswer>;
