import { z } from 'zod';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import type { TopicRule } from '../../contract/topic-rules/topic-rule.js';
import { labelSchema, textSchema } from '../../http/input.js';
import { topicProblem } from '../ingest/by-topic.js';
import { deviceIdSchema, tenantSchema } from '../registry/input.js';

/** Of the device's source and of the names that a rule gives: as long as what they name may be. */
const TEXT_BYTES_MAX = 255;
const POSITIONS_MAX = 1_000_000;

const text = textSchema((value) => {
  if (Buffer.byteLength(value) > TEXT_BYTES_MAX) return `must have at most ${TEXT_BYTES_MAX} bytes`;
  return unstorable(value);
});

/** What a rule says, as it is kept in the database. */
export const ruleSchema = z.strictObject({
  pattern: textSchema(unstorable),
  device: text,
  decoder: text,
  prefix: text.nullish(),
  value_name: text.nullish(),
  unregistered: z.enum(['own', 'prefix', 'refuse'], 'must be own, prefix or refuse').optional(),
  has_properties: z.boolean('must be true or false').optional(),
});
export type RuleForm = z.infer<typeof ruleSchema>;

const position = z
  .int('must be a whole number')
  .min(1, 'must be 1 or more')
  .max(POSITIONS_MAX, `must be at most ${POSITIONS_MAX}`)
  .optional();

export const newRuleSchema = ruleSchema.extend({ name: labelSchema, position, tenant: tenantSchema });
export const replacedRuleSchema = ruleSchema.extend({ position });
export const trialSchema = z.strictObject({
  topic: textSchema(topicProblem),
  payload_base64: textSchema((value) => (isBase64(value) ? undefined : 'must be base64')),
  content_type: text.optional(),
  device_id: deviceIdSchema.optional(),
  tenant: tenantSchema,
  rule: ruleSchema.extend({ name: labelSchema.default('draft') }).optional(),
});

/** The longest body of a trial: a whole payload in base64, and what goes with it. */
export const TRIAL_BODY = { bytesMax: 2 * PAYLOAD_BYTES_MAX, oversize: 'body_oversize' } as const;

export function ruleOf(name: string, form: RuleForm): TopicRule {
  return {
    name,
    pattern: form.pattern,
    device: form.device as TopicRule['device'],
    decoder: form.decoder,
    ...(form.prefix && { prefix: form.prefix }),
    ...(form.value_name && { valueName: form.value_name }),
    ...(form.unregistered && { unregistered: form.unregistered }),
    ...(form.has_properties && { hasProperties: true }),
  };
}

export function formOf({ pattern, device, decoder, prefix, valueName, unregistered, hasProperties }: TopicRule): RuleForm {
  return {
    pattern,
    device,
    decoder,
    ...(prefix !== undefined && { prefix }),
    ...(valueName !== undefined && { value_name: valueName }),
    ...(unregistered && { unregistered }),
    ...(hasProperties && { has_properties: true }),
  };
}

/** What jsonb cannot keep is no text of a rule either. */
function unstorable(value: string): string | undefined {
  return /\p{Cc}|\p{Surrogate}/u.test(value) ? 'must not hold control characters or lone surrogates' : undefined;
}

export function isBase64(value: string): boolean {
  return value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}
