import { z } from 'zod';

export const aclRuleAnswer = z.strictObject({
  id: z.int(),
  tenant: z.string(),
  /** `all`, `class:NAME`, `device:ID` or `service:NAME`. */
  subject: z.string(),
  action: z.enum(['publish', 'subscribe', 'both']),
  filter: z.string(),
  effect: z.enum(['allow', 'deny']),
});

export const aclRulesAnswer = z.strictObject({
  rules: z.array(aclRuleAnswer),
  /** What every device may do; a rule of its tenant can deny it. */
  built_in: z.array(aclRuleAnswer.omit({ id: true, tenant: true })),
});

export const aclRuleDeletedAnswer = z.strictObject({ tenant: z.string(), id: z.int(), deleted: z.literal(true) });

export const aclCheckAnswer = z.strictObject({
  allowed: z.boolean(),
  /** Number of the rule that decides; null: no rule allows it, or a built-in one does. */
  rule: z.int().nullable(),
  /** One sentence for people. */
  why: z.string(),
});

export type AclRuleAnswer = z.infer<typeof aclRuleAnswer>;
export type AclRulesAnswer = z.infer<typeof aclRulesAnswer>;
export type AclRuleDeletedAnswer = z.infer<typeof aclRuleDeletedAnswer>;
export type AclCheckAnswer = z.infer<typeof aclCheckAnswer>;
