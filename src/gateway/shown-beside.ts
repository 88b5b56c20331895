import { looksLikeJwt } from '../contract/identity/jwt.js';
import type { IdentityQuestion } from '../contract/threads/gateway.js';
import type { Directory } from './directory.js';
import type { Proof } from './mqtt/proofs.js';

/**
 * What proves a device beside its own token: a further one, or one that it or an issuer of its tenant has signed. `given` is as
 * `hashToken` makes it of the token. A question: it can be judged once that is answered.
 */
export function shownBeside(
  directory: Directory,
  entry: number,
  { given, token }: { readonly given: Uint8Array; readonly token: string | Uint8Array },
  nowMs: number,
): Proof | IdentityQuestion | undefined {
  const { credentials, issuers } = directory;
  const number = directory.numberOf(entry);
  const further = credentials.byToken(number, given, nowMs);
  const text = Buffer.from(token).toString('latin1');
  if (further || !looksLikeJwt(text)) return further;
  const signed = credentials.byJwt(number, text, nowMs);
  if (signed) return signed;
  const { tenant, id } = directory.nameOf(entry);
  const issued = issuers.prove(text, nowMs, tenant);
  if (issued?.kind === 'key-unknown') return { kind: 'issuer-keys', issuer: issued.issuer };
  return issued?.device === id ? { credential: 0, issuer: issued.issuer, untilMs: issued.untilMs } : undefined;
}
