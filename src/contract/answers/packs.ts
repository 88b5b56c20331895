import { z } from 'zod';
import { count, time } from './shared.js';

export const packAnswer = z.strictObject({
  name: z.string(),
  version: z.string(),
  vendor: z.string(),
  description: z.string(),
  /** Of the schemas; null: it has none. */
  device_class: z.string().nullable(),
  /** It is part of every build. */
  built_in: z.boolean(),
  /** False: the tenant does without a built-in pack. */
  enabled: z.boolean(),
  /** Id of the key whose signature was trusted; null: nobody's. */
  signed_by: z.string().nullable(),
  /** Null: it is built in. */
  installed_at: time.nullable(),
  /** Whether there is a version before it. */
  can_roll_back: z.boolean(),
});
export const packsAnswer = z.strictObject({ packs: z.array(packAnswer) });

/** With what it holds, and what it made. */
export const packShownAnswer = packAnswer.extend({
  topic_rules: z.array(z.strictObject({ name: z.string(), pattern: z.string(), device: z.string(), decoder: z.string() })),
  schemas: z.array(z.strictObject({ schema_id: z.uuid(), firmware_version: z.string(), version: count })),
  /** As schemas name it. */
  codec: z.string().nullable(),
  vectors: z.array(z.strictObject({ name: z.string(), topic: z.string() })),
});

const sharedTopics = z.strictObject({
  /** The tenant's own rule, which gets the messages. */
  first: z.string(),
  first_pattern: z.string(),
  later: z.string(),
  later_pattern: z.string(),
  kind: z.enum(['hides', 'overlaps']),
});

/** What a file is, and what installing it in a tenant would meet. */
export const packReportAnswer = packAnswer.pick({ name: true, version: true, vendor: true, description: true, device_class: true }).extend({
  signature: z.strictObject({
    state: z.enum(['trusted', 'unknown', 'unsigned']),
    key_ids: z.array(z.string()),
    key_name: z.string().nullable(),
  }),
  /** Messages that the pack brings; `problem` null: it becomes what the pack says. */
  vectors: z.array(z.strictObject({ name: z.string(), problem: z.string().nullable() })),
  installed_version: z.string().nullable(),
  /** What keeps it from being installed. */
  conflicts: z.array(z.string()),
  /** Topics that the tenant's own rules get first. */
  shared_topics: z.array(sharedTopics),
});

export const packInstallAnswer = packReportAnswer.extend({
  /** `shadow`: nothing is installed yet; activate the shadow run when it is done. */
  state: z.enum(['installed', 'unchanged', 'shadow']),
  tenants: z.array(z.string()),
  shadow_run: count.nullable(),
});

export const packRemovedAnswer = z.strictObject({
  name: z.string(),
  removed: z.literal(true),
  /** What the pack made and is still there, and why. */
  stays: z.array(z.string()),
});

export const packKeyAnswer = z.strictObject({ key_id: z.string(), name: z.string(), public_key: z.string(), created_at: time });
export const packKeysAnswer = z.strictObject({ pack_keys: z.array(packKeyAnswer) });
export const packKeyRemovedAnswer = z.strictObject({ key_id: z.string(), removed: z.literal(true) });

export type PackAnswer = z.infer<typeof packAnswer>;
export type PacksAnswer = z.infer<typeof packsAnswer>;
export type PackShownAnswer = z.infer<typeof packShownAnswer>;
export type PackReportAnswer = z.infer<typeof packReportAnswer>;
export type PackInstallAnswer = z.infer<typeof packInstallAnswer>;
export type PackRemovedAnswer = z.infer<typeof packRemovedAnswer>;
export type PackKeyAnswer = z.infer<typeof packKeyAnswer>;
export type PackKeysAnswer = z.infer<typeof packKeysAnswer>;
export type PackKeyRemovedAnswer = z.infer<typeof packKeyRemovedAnswer>;
