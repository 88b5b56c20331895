import { createPublicKey } from 'node:crypto';
import type { IssuerEntry, IssuerKey } from './issuer.js';
import { claimedIssuer, type JwtKey, verifyJwt } from './jwt.js';

export type IssuedProof =
  /** The device that the token is of; `untilMs`: the token ends then, ms of the Unix epoch. */
  | { readonly kind: 'proved'; readonly tenant: string; readonly device: string; readonly issuer: number; readonly untilMs: number }
  /** It names a key that the issuer may have had for a short time only. */
  | { readonly kind: 'key-unknown'; readonly tenant: string; readonly issuer: number };

interface Known {
  readonly tenant: string;
  readonly entry: IssuerEntry;
  readonly keys: readonly JwtKey[];
}

/** Who signs tokens for devices of which tenants. */
export class Issuers {
  readonly #byId = new Map<number, Known>();
  readonly #ofTenant = new Map<string, readonly number[]>();

  /** Replaces those of a tenant; answers the ids of those that are there no more. */
  set(tenant: string, entries: readonly IssuerEntry[]): number[] {
    const ids = entries.map(({ id }) => id);
    const gone = (this.#ofTenant.get(tenant) ?? []).filter((id) => !ids.includes(id));
    for (const id of gone) this.#byId.delete(id);
    this.#ofTenant.set(tenant, ids);
    for (const entry of entries) this.#byId.set(entry.id, { tenant, entry, keys: entry.keys.flatMap(keyOf) });
    return gone;
  }

  has(id: number): boolean {
    return this.#byId.has(id);
  }

  /**
   * The device that a token is of, in `tenant` if it is given. Undefined: no issuer has signed it so, or it could be of devices of two
   * tenants.
   */
  prove(token: string, nowMs: number, tenant?: string): IssuedProof | undefined {
    const issuer = claimedIssuer(token);
    const proofs: IssuedProof[] = [];
    for (const known of this.#byId.values()) {
      if (known.entry.issuer !== issuer || (tenant !== undefined && known.tenant !== tenant)) continue;
      const proof = proofOf(known, token, nowMs);
      if (proof) proofs.push(proof);
    }
    const proved = proofs.filter(({ kind }) => kind === 'proved');
    const isOfOne = proved.every((proof) => proof.tenant === proved[0]?.tenant);
    return isOfOne ? (proved[0] ?? proofs[0]) : undefined;
  }
}

function proofOf({ tenant, entry, keys }: Known, token: string, nowMs: number): IssuedProof | undefined {
  const { id: issuer, algorithms, audience, deviceClaim, tenantClaim, isFetched } = entry;
  const verdict = verifyJwt(token, keys, { algorithms, issuer: entry.issuer, audience }, nowMs);
  if (verdict.kind === 'key-unknown') return isFetched ? { kind: 'key-unknown', tenant, issuer } : undefined;
  if (verdict.kind === 'invalid') return undefined;
  const { [deviceClaim]: device, [tenantClaim ?? '']: named } = verdict.claims;
  if (typeof device !== 'string' || (tenantClaim !== null && named !== tenant)) return undefined;
  return { kind: 'proved', tenant, device, issuer, untilMs: verdict.expMs };
}

/** Nothing, where Node cannot use the key: it is of a kind that no token may be signed by. */
function keyOf(jwk: IssuerKey): JwtKey[] {
  try {
    return [{ kid: jwk.kid, alg: jwk.alg, key: createPublicKey({ key: jwk, format: 'jwk' }) }];
  } catch {
    return [];
  }
}
