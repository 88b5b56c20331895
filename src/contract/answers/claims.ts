import { z } from 'zod';
import { count, time } from './shared.js';

const claimCode = z.strictObject({
  id: z.int(),
  tenant: z.string(),
  name: z.string(),
  device_class: z.string().nullable(),
  /** Devices that it has let in, and may. */
  used: count,
  uses: count,
  expires_at: time.nullable(),
  created_at: time,
});

export const claimCodesAnswer = z.strictObject({ claim_codes: z.array(claimCode), next: z.string().nullable() });
/** Codes are shown this once. */
export const claimCodesMadeAnswer = z.strictObject({ claim_codes: z.array(claimCode.extend({ code: z.string() })) });
export const claimCodeRevokedAnswer = z.strictObject({ id: z.int(), tenant: z.string(), revoked: z.literal(true) });
/** The token is shown this once. */
export const claimAnswer = z.strictObject({
  device_id: z.string(),
  tenant: z.string(),
  device_class: z.string().nullable(),
  auth_token: z.string(),
});

export type ClaimCodesAnswer = z.infer<typeof claimCodesAnswer>;
export type ClaimCodesMadeAnswer = z.infer<typeof claimCodesMadeAnswer>;
export type ClaimCodeRevokedAnswer = z.infer<typeof claimCodeRevokedAnswer>;
