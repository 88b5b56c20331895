import { z } from 'zod';
import { KIB } from '../../../assembly/abi/limits.js';
import { tenantSchema } from '../registry/input.js';
import { newSchemaSchema } from '../schemas/input.js';
import { newRuleSchema } from '../topic-rules/input.js';

export const SHADOW_BODY = { bytesMax: 512 * KIB, oversize: 'body_oversize' } as const;
const MINUTES_MAX = 24 * 60;
const MESSAGES_MAX = 100_000;

function wholeMember(from: number, to: number, otherwise: number) {
  const problem = `must be a whole number from ${from} to ${to}`;
  return z.int(problem).min(from, problem).max(to, problem).default(otherwise);
}

/** Without a definition, that of the latest version of the class and range: another format or codec alone is tried. */
const schema = newSchemaSchema.omit({ tenant: true }).extend({ schema_definition: newSchemaSchema.shape.schema_definition.optional() });

export const shadowSchema = z
  .strictObject({
    tenant: tenantSchema,
    schema: schema.optional(),
    rule: newRuleSchema.omit({ tenant: true }).optional(),
    percent: z.number('must be a number').gt(0, 'must be above 0').max(100, 'must be at most 100').default(100),
    last_minutes: wholeMember(0, MINUTES_MAX, 60),
    live_minutes: wholeMember(0, 60, 0),
    messages_max: wholeMember(1, MESSAGES_MAX, 10_000),
  })
  .refine(({ schema: one, rule }) => (one === undefined) !== (rule === undefined), {
    path: ['schema'],
    message: 'or rule must be there, and not both',
  });
