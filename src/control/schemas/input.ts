import { z } from 'zod';
import { KIB } from '../../../assembly/abi/limits.js';
import { type CodecFormat, codecOf } from '../../contract/codecs/codec-name.js';
import { textSchema } from '../../http/input.js';
import { deviceClassSchema, deviceIdSchema, tenantSchema } from '../registry/input.js';
import { isBase64 } from '../topic-rules/input.js';
import { COMPATIBILITIES } from './compatibility.js';
import { boundedProblem } from './definition/field-form.js';
import { SCHEMA_FORMATS } from './definition/formats.js';
import { parseRange } from './firmware-range.js';

const RANGE_BYTES_MAX = 128;

/** A definition may be the text of a large .proto file. */
/** The longest body of a trial: a payload in base64, and a definition. */
export const TRIAL_BODY = { bytesMax: 768 * KIB, oversize: 'body_oversize' } as const;
export const SCHEMA_BODY = { bytesMax: 512 * KIB, oversize: 'body_oversize' } as const;

const range = textSchema((value) => {
  const problem = boundedProblem(value, RANGE_BYTES_MAX);
  return (
    problem ??
    (parseRange(value) ? undefined : 'must be a range of versions: *, 1.4.2, 1.4.x, ^1.4.2, ~1.4.2, ">=1.2 <2", with || between two')
  );
});

/** What jsonb cannot keep is no definition: it has no NUL and no lone surrogates, which JSON.stringify writes as escapes. */
const definition = z.unknown().superRefine((value, context) => {
  const problem =
    value === undefined
      ? 'is missing: send JSON Schema, the text of a .proto file, or {"fields": {…}}'
      : /(?<!\\)(\\\\)*\\u(0000|d[89a-f])/.test(JSON.stringify(value))
        ? 'must not hold NUL or lone surrogates'
        : undefined;
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const formatProblem = `must be one of ${SCHEMA_FORMATS.join(', ')}, or codec:NAME@VERSION`;
const format = z.union([z.enum(SCHEMA_FORMATS), z.custom<CodecFormat>(isCodecReference)], formatProblem);
const mode = z.enum(['strict', 'flexible'], 'must be strict or flexible').optional();
const compatibility = z.enum(COMPATIBILITIES, `must be one of ${COMPATIBILITIES.join(', ')}`).optional();
const major = z.boolean('must be true or false').optional();
const version = z.int('must be a whole number').min(1, 'must be 1 or more');

export const newSchemaSchema = z.strictObject({
  tenant: tenantSchema,
  device_class: deviceClassSchema,
  firmware_version: range.default('*'),
  format,
  schema_definition: definition,
  mode,
  compatibility,
  major,
});
export const newVersionSchema = z.strictObject({ format: format.optional(), schema_definition: definition, mode, compatibility, major });
export const comparedSchema = newVersionSchema.omit({ major: true });
export const trialSchema = z.strictObject({
  payload_base64: textSchema((value) => (isBase64(value) ? undefined : 'must be base64')),
  content_type: textSchema((value) => boundedProblem(value, 255)).optional(),
  version: version.optional(),
  /** In place of a version: one that is not made yet. */
  format: format.optional(),
  schema_definition: definition.optional(),
  mode,
});
export const diffSchema = z.strictObject({ from: version.optional(), to: version.optional() });
export const pinSchema = z.strictObject({ version: version.optional(), device_id: deviceIdSchema.optional() });
export const unpinSchema = pinSchema.omit({ version: true });
export const listSchema = z.object({
  tenant: tenantSchema,
  device_class: deviceClassSchema.optional(),
  retired: z.enum(['true', 'false'], 'must be true or false').default('false'),
});

export function newVersionOf({
  schema_definition,
  format: written,
  mode: asked,
  compatibility: wanted,
  major: isMajor,
}: z.infer<typeof newVersionSchema>) {
  return { definition: schema_definition, format: written, mode: asked, compatibility: wanted, isMajor };
}

function isCodecReference(value: unknown): boolean {
  return typeof value === 'string' && codecOf(value) !== undefined;
}
