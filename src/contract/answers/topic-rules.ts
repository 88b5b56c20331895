import { z } from 'zod';
import { time } from './shared.js';

const rule = z.strictObject({
  name: z.string(),
  pattern: z.string(),
  device: z.string(),
  decoder: z.string(),
  prefix: z.string().nullable(),
  value_name: z.string().nullable(),
  unregistered: z.enum(['own', 'prefix', 'refuse']),
  has_properties: z.boolean(),
});

export const topicRuleAnswer = rule.extend({
  tenant: z.string(),
  /** From 1 on. */
  position: z.int(),
  /** Why this build cannot use the rule, which another one made. */
  problem: z.string().optional(),
});

export const topicRulesAnswer = z.strictObject({
  rules: z.array(
    z.union([topicRuleAnswer.extend({ built_in: z.literal(false) }), rule.extend({ position: z.null(), built_in: z.literal(true) })]),
  ),
  /** Rules of the tenant and others of which the later one never gets some of its topics, or (`hides`) any. */
  conflicts: z.array(
    z.strictObject({
      first: z.string(),
      first_pattern: z.string(),
      later: z.string(),
      later_pattern: z.string(),
      kind: z.enum(['hides', 'overlaps']),
    }),
  ),
});

export const topicRuleDeletedAnswer = z.strictObject({ tenant: z.string(), name: z.string(), deleted: z.literal(true) });

export const topicRuleTrialAnswer = z.strictObject({
  /** Null: no rule says whose the message is. */
  device_id: z.string().nullable(),
  readings: z.array(
    z.strictObject({
      metric: z.string(),
      value: z.union([z.number(), z.string()]),
      ts: time,
      /** Absent: nothing says in which unit the value is. */
      unit: z.string().optional(),
      /** Where it is another one than above. */
      device_id: z.string().optional(),
    }),
  ),
  rule: z.string().nullable(),
  decoder: z.string().nullable(),
  /** Code of the refusal, or of the dead letter that the message would be. */
  reason: z.string().optional(),
  cause: z.string().optional(),
});

export type TopicRuleAnswer = z.infer<typeof topicRuleAnswer>;
export type TopicRulesAnswer = z.infer<typeof topicRulesAnswer>;
export type TopicRuleDeletedAnswer = z.infer<typeof topicRuleDeletedAnswer>;
export type TopicRuleTrialAnswer = z.infer<typeof topicRuleTrialAnswer>;
