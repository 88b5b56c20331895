import { z } from 'zod';
import { count, time } from './shared.js';

const mode = z.enum(['strict', 'flexible']);
const compatibility = z.enum(['backward', 'forward', 'full', 'none']);

const schema = z.strictObject({
  schema_id: z.uuid(),
  tenant: z.string(),
  device_class: z.string(),
  /** A range of versions. */
  firmware_version: z.string(),
  /** The version by which devices are read. */
  used_version: count,
  /** Null: the latest version is used. */
  pinned_version: count.nullable(),
  retired_at: time.nullable(),
});

const version = z.strictObject({
  /** Within the schema, from 1 on. */
  version: count,
  /** Over all schemas of the deployment; dead letters name it. */
  number: count,
  major: count,
  format: z.string(),
  mode,
  compatibility,
  created_at: time,
  /** Why this build cannot use the version, which another one made. */
  problem: z.string().optional(),
});

/** The latest version of a schema, or the one that a call made. */
export const schemaAnswer = schema.extend(version.shape).extend({
  /** What the definition says and nothing checks. */
  remarks: z.array(z.string()).optional(),
});
export const schemasAnswer = z.strictObject({ schemas: z.array(schemaAnswer) });

const field = z.strictObject({
  /** As the decoder names the reading. */
  name: z.string(),
  /** The metric under which it is stored. */
  metric: z.string(),
  type: z.enum(['number', 'integer', 'boolean', 'text', 'any']),
  required: z.boolean(),
  critical: z.boolean(),
  unit: z.string().nullable(),
  scale: z.number(),
  offset: z.number(),
  divisor: z.number(),
  /** Of the stored value. */
  min: z.number().nullable(),
  max: z.number().nullable(),
  outside: z.enum(['reject', 'clamp', 'flag']).nullable(),
  default: z.union([z.number(), z.string()]).nullable(),
});

export const schemaVersionsAnswer = schema.extend({
  /** Devices that are read by it now. */
  devices: count,
  versions: z.array(
    version.extend({ schema_definition: z.unknown(), others: z.enum(['read', 'skip', 'refuse']).nullable(), fields: z.array(field) }),
  ),
});

const change = z.strictObject({ path: z.string(), change: z.string(), message: z.string() });

export const compatibilityAnswer = z.strictObject({
  compatible: z.boolean(),
  compatibility,
  /** The version that it was compared with. */
  version: count,
  incompatibilities: z.array(change),
  remarks: z.array(z.string()),
});

export const schemaDiffAnswer = z.strictObject({
  schema_id: z.uuid(),
  from: count,
  to: count,
  changes: z.array(change.extend({ breaks: z.array(z.enum(['backward', 'forward'])) })),
});

export const schemaTrialAnswer = z.strictObject({
  /** Null: a definition that is not made yet. */
  version: count.nullable(),
  readings: z.array(
    z.strictObject({ metric: z.string(), value: z.union([z.number(), z.string()]), ts: time, unit: z.string().optional() }),
  ),
  /** Code of the dead letter that the message would be. */
  reason: z.string().optional(),
  cause: z.string().optional(),
});

export const schemaPinAnswer = schema.extend({ device_id: z.string().nullable(), device_version: count.nullable() });

export type SchemaAnswer = z.infer<typeof schemaAnswer>;
export type SchemasAnswer = z.infer<typeof schemasAnswer>;
export type SchemaVersionsAnswer = z.infer<typeof schemaVersionsAnswer>;
export type CompatibilityAnswer = z.infer<typeof compatibilityAnswer>;
export type SchemaDiffAnswer = z.infer<typeof schemaDiffAnswer>;
export type SchemaTrialAnswer = z.infer<typeof schemaTrialAnswer>;
export type SchemaPinAnswer = z.infer<typeof schemaPinAnswer>;
