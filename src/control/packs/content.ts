import { z } from 'zod';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import {
  CODEC_BYTES_MAX,
  CODEC_FUEL_DEFAULT,
  CODEC_FUEL_MAX,
  CODEC_PAGES_DEFAULT,
  CODEC_PAGES_MAX,
} from '../../contract/codecs/codec-abi.js';
import { isCodecFormat } from '../../contract/codecs/codec-name.js';
import { builtInPacks } from '../../contract/packs/built-in/list.js';
import type { Pack } from '../../contract/packs/pack.js';
import { builtInRules } from '../../contract/topic-rules/built-in.js';
import { ruleProblem } from '../../contract/topic-rules/rule-set.js';
import { firstProblem, labelSchema, textSchema } from '../../http/input.js';
import { codecNameSchema } from '../codecs/input.js';
import { topicProblem } from '../ingest/by-topic.js';
import { deviceClassSchema, deviceIdSchema, firmwareSchema } from '../registry/input.js';
import { newSchemaSchema, newVersionOf } from '../schemas/input.js';
import type { NewVersion } from '../schemas/schemas.js';
import { isBase64, ruleOf, ruleSchema } from '../topic-rules/input.js';

/** The newest format of contents that this build reads. */
export const PACK_FORMAT = 1;
const RULES_MAX = 50;
const SCHEMAS_MAX = 20;
const VECTORS_MAX = 200;
const READINGS_MAX = 1000;

export const packNameSchema = textSchema((value) =>
  /^[a-z0-9][a-z0-9._-]{0,63}$/.test(value)
    ? undefined
    : 'must be 1 to 64 lower-case letters, digits, dots, dashes and underscores, a letter or digit first',
);
const versionSchema = textSchema((value) =>
  /^(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}$/.test(value) ? undefined : 'must be three numbers with dots, 1.2.0',
);
const text = textSchema((value) =>
  value.length <= 1000 && !/\p{Surrogate}|\0/u.test(value) ? undefined : 'must have at most 1,000 characters',
);
const base64 = textSchema((value) => (isBase64(value) ? undefined : 'must be base64'));

const schemaForm = newSchemaSchema
  .omit({ tenant: true, device_class: true })
  .extend({ format: z.union([z.literal('codec'), newSchemaSchema.shape.format], 'must be codec, or a format that schemas may name') });

const codecForm = z.strictObject({
  name: codecNameSchema,
  wasm_base64: base64,
  fuel_max: z.int().min(1).max(CODEC_FUEL_MAX).default(CODEC_FUEL_DEFAULT),
  memory_pages_max: z.int().min(1).max(CODEC_PAGES_MAX).default(CODEC_PAGES_DEFAULT),
});

const readingForm = z.strictObject({
  device: deviceIdSchema.optional(),
  metric: z.string(),
  value: z.union([z.number(), z.string(), z.boolean().transform(Number)]),
  unit: z.string().optional(),
  ts: z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time with a zone' }).optional(),
});

const vectorForm = z.strictObject({
  name: labelSchema,
  device: deviceIdSchema.default('device-1'),
  children: z.array(deviceIdSchema).max(100).optional(),
  firmware_version: firmwareSchema.optional(),
  topic: textSchema((topic) => topicProblem(topic) ?? (topic.startsWith('tenant/') ? 'must not name a tenant' : undefined)),
  payload: z.string().optional(),
  payload_base64: base64.optional(),
  content_type: z.string().optional(),
  readings: z.array(readingForm).max(READINGS_MAX).default([]),
  reason: z.string().optional(),
});

const contentForm = z.strictObject({
  format: z.literal(PACK_FORMAT),
  name: packNameSchema,
  version: versionSchema,
  vendor: text,
  description: text,
  device_class: deviceClassSchema.optional(),
  topic_rules: z
    .array(ruleSchema.extend({ name: labelSchema }))
    .max(RULES_MAX)
    .default([]),
  schemas: z.array(schemaForm).max(SCHEMAS_MAX).default([]),
  codec: codecForm.optional(),
  vectors: z.array(vectorForm).min(1, 'must hold at least one message').max(VECTORS_MAX),
});

/** What the schema of the pack's class is for a range of firmware versions. */
export interface PackSchema extends Omit<NewVersion, 'format'> {
  readonly firmwareVersion: string;
  /** `codec`: that of the pack. */
  readonly format: z.infer<typeof schemaForm>['format'];
}

export interface PackCodec {
  readonly name: string;
  readonly wasm: Uint8Array;
  readonly fuelMax: number;
  readonly memoryPagesMax: number;
}

/** A pack that users make. */
export interface PackContent extends Pack {
  readonly deviceClass: string | undefined;
  readonly schemas: readonly PackSchema[];
  readonly codec: PackCodec | undefined;
}

export type ContentProblem = { readonly code: 'pack_malformed' | 'pack_format_unsupported' | 'pack_invalid'; readonly cause: string };

/** The content of a pack, or what is wrong with it first. */
export function readContent(payload: Uint8Array): PackContent | ContentProblem {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return { code: 'pack_malformed', cause: 'its content is not JSON in UTF-8' };
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > PACK_FORMAT) {
    return { code: 'pack_format_unsupported', cause: `the pack is of format ${format}, and this build reads ${PACK_FORMAT}` };
  }
  const read = contentForm.safeParse(value);
  if (!read.success) return { code: 'pack_invalid', cause: firstProblem(read.error) };
  const problem = problemOf(read.data);
  return problem === undefined ? contentOf(read.data) : { code: 'pack_invalid', cause: problem };
}

type Form = z.infer<typeof contentForm>;

/** What members say of one another. */
function problemOf({ name, device_class: deviceClass, topic_rules: rules, schemas, codec, vectors }: Form): string | undefined {
  if (builtInPacks.some((pack) => pack.name === name)) return 'name is that of a built-in pack';
  const builtIn = new Set(builtInRules.map(({ name }) => name));
  const names = rules.map(({ name }) => name);
  for (const [at, rule] of rules.entries()) {
    const problem = ruleProblem(ruleOf(rule.name, rule));
    if (problem !== undefined) return `topic_rules.${at}.${problem.replace(': ', ' ')}`;
    if (rule.pattern.startsWith('tenant/')) return `topic_rules.${at}.pattern must not name a tenant`;
    if (builtIn.has(rule.name)) return `topic_rules.${at}.name is that of a built-in rule`;
    if (names.indexOf(rule.name) < at) return `topic_rules.${at}.name is that of an earlier rule`;
  }
  if (rules.length === 0 && schemas.length === 0) return 'topic_rules or schemas must hold something';
  if (schemas.length > 0 && deviceClass === undefined) return 'device_class must be there: schemas are of one';
  if (codec && !schemas.some(({ format }) => format === 'codec')) return 'codec is named by no schema: its format is codec';
  if (codec && codec.wasm_base64.length > Math.ceil(CODEC_BYTES_MAX / 3) * 4)
    return `codec.wasm_base64 must be at most ${CODEC_BYTES_MAX} bytes`;
  for (const [at, { format, firmware_version: range }] of schemas.entries()) {
    if (format === 'codec' && !codec) return `schemas.${at}.format is codec, and the pack has none`;
    if (isCodecFormat(format)) return `schemas.${at}.format must be codec: a pack brings its own`;
    if (schemas.findIndex((other) => other.firmware_version === range) < at)
      return `schemas.${at}.firmware_version is that of an earlier schema`;
  }
  for (const [at, { payload, payload_base64: encoded, readings, reason }] of vectors.entries()) {
    if ((payload === undefined) === (encoded === undefined)) return `vectors.${at} must have payload or payload_base64`;
    if (Buffer.byteLength(payload ?? encoded ?? '') > 2 * PAYLOAD_BYTES_MAX) return `vectors.${at}.payload is too long`;
    if (reason !== undefined && readings.length > 0) return `vectors.${at} must have readings or a reason`;
  }
  return vectors.some(({ readings }) => readings.length > 0) ? undefined : 'vectors must have readings, in one of them at least';
}

function contentOf({
  name,
  version,
  vendor,
  description,
  device_class: deviceClass,
  topic_rules: rules,
  schemas,
  codec,
  vectors,
}: Form): PackContent {
  return {
    ...{ name, version, vendor, description, deviceClass },
    topicRules: rules.map((rule) => ruleOf(rule.name, rule)),
    schemas: schemas.map(({ firmware_version: firmwareVersion, format, ...schema }) => {
      return { ...newVersionOf({ ...schema, schema_definition: schema.schema_definition }), firmwareVersion, format };
    }),
    codec: codec && {
      name: codec.name,
      wasm: Uint8Array.from(Buffer.from(codec.wasm_base64, 'base64')),
      fuelMax: codec.fuel_max,
      memoryPagesMax: codec.memory_pages_max,
    },
    vectors: vectors.map(
      ({ firmware_version: firmwareVersion, payload, payload_base64: encoded, content_type: contentType, ...vector }) => {
        return {
          ...vector,
          firmwareVersion,
          contentType,
          payload: encoded === undefined ? Buffer.from(payload ?? '') : Buffer.from(encoded, 'base64'),
        };
      },
    ),
  };
}
