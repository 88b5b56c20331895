import type { JsonWebKey } from 'node:crypto';

/** What tokens of an issuer may be signed by. */
export const ISSUER_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;

/** A public key of a key set, RFC 7517 §4. */
export type IssuerKey = JsonWebKey & { readonly kid?: string; readonly alg?: string; readonly use?: string };

/** Who signs tokens for the devices of one tenant, as gateways know it. */
export interface IssuerEntry {
  readonly id: number;
  /** As `iss` has it, to the letter. */
  readonly issuer: string;
  /** `aud` is it, or holds it. */
  readonly audience: string;
  /** The claim that is the id of the device. */
  readonly deviceClaim: string;
  /** The claim that is the tenant; null: the issuer signs for this tenant alone. */
  readonly tenantClaim: string | null;
  readonly algorithms: readonly string[];
  readonly keys: readonly IssuerKey[];
  /** Whether the keys are fetched, so that one which is not known may be new. */
  readonly isFetched: boolean;
}
