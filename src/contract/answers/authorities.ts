import { z } from 'zod';
import { count, time } from './shared.js';

const authority = z.strictObject({
  id: z.int(),
  tenant: z.string(),
  subject: z.string(),
  /** SHA-256 of the certificate. */
  fingerprint: z.string(),
  valid_to: time,
  names: z.array(z.string()),
  device_class: z.string().nullable(),
  /** Whether a device that is not known is registered when it connects, and up to how many devices of the tenant. */
  registration: z.boolean(),
  devices_max: count,
  /** Of its revocation list; null: it has none. */
  crl: z.strictObject({ revoked: count, next_update: time.nullable() }).nullable(),
  created_at: time,
});

export const authorityAnswer = authority;
export const authoritiesAnswer = z.strictObject({ authorities: z.array(authority) });
export const authorityDeletedAnswer = z.strictObject({ id: z.int(), tenant: z.string(), deleted: z.literal(true) });

export type AuthorityAnswer = z.infer<typeof authorityAnswer>;
export type AuthoritiesAnswer = z.infer<typeof authoritiesAnswer>;
export type AuthorityDeletedAnswer = z.infer<typeof authorityDeletedAnswer>;
