import { z } from 'zod';
import { time } from './shared.js';

const issuer = z.strictObject({
  id: z.int(),
  tenant: z.string(),
  issuer: z.string(),
  audience: z.string(),
  device_claim: z.string(),
  tenant_claim: z.string().nullable(),
  algorithms: z.array(z.string()),
  /** Null: the keys were given. */
  jwks_url: z.string().nullable(),
  /** Ids of the keys; null: a key without one. */
  keys: z.array(z.string().nullable()),
  /** When the keys were fetched, or given. */
  keys_at: time,
  /** Why they could not be fetched again since. */
  fetch_failure: z.string().nullable(),
  created_at: time,
});

export const issuersAnswer = z.strictObject({ issuers: z.array(issuer) });
export const issuerAnswer = issuer;
export const issuerDeletedAnswer = z.strictObject({ id: z.int(), tenant: z.string(), issuer: z.string(), deleted: z.literal(true) });

export type IssuersAnswer = z.infer<typeof issuersAnswer>;
export type IssuerAnswer = z.infer<typeof issuerAnswer>;
export type IssuerDeletedAnswer = z.infer<typeof issuerDeletedAnswer>;
