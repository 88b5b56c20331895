import { z } from 'zod';
import { time } from './shared.js';

const key = z.strictObject({
  id: z.int(),
  name: z.string(),
  role: z.enum(['viewer', 'operator', 'admin']),
  /** null: all. */
  tenant: z.string().nullable(),
  /** Path of the group whose devices it sees; null: all of the tenant. */
  group: z.string().nullable(),
  created_at: time,
  expires_at: time.nullable(),
  last_used_at: time.nullable(),
});

export const keysAnswer = z.strictObject({ keys: z.array(key) });
export const keyMadeAnswer = key.extend({ key: z.string() });
export const keyRevokedAnswer = key.extend({ revoked: z.literal(true) });

export type KeysAnswer = z.infer<typeof keysAnswer>;
export type KeyMadeAnswer = z.infer<typeof keyMadeAnswer>;
export type KeyRevokedAnswer = z.infer<typeof keyRevokedAnswer>;
