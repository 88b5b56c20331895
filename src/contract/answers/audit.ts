import { z } from 'zod';
import { next, time } from './shared.js';

const entry = z.strictObject({
  id: z.string(),
  at: time,
  actor: z.strictObject({ kind: z.enum(['key', 'person', 'claim']), id: z.string(), name: z.string(), role: z.string() }),
  address: z.string(),
  /** Method and pattern of the call. */
  action: z.string(),
  path: z.string(),
  /** null: it is of no tenant, or the path alone says of which. */
  tenant: z.string().nullable(),
  target: z.string(),
  /** Without secrets; null: it was not there, or the call does not note it. */
  before: z.unknown(),
  after: z.unknown(),
});

export const auditAnswer = z.strictObject({ entries: z.array(entry), next });

export type AuditAnswer = z.infer<typeof auditAnswer>;
