import { createPublicKey, timingSafeEqual } from 'node:crypto';
import { type CredentialEntry, isInForce } from './credential.js';
import { JWT_ALGORITHMS, verifyJwt } from './jwt.js';

/** A credential that a client has shown, and until when it counts, ms of the Unix epoch; Infinity: without a bound. */
export interface Shown {
  readonly credential: number;
  readonly untilMs: number;
}

/** A key that both sides have. */
export interface ShownKey extends Shown {
  readonly key: Uint8Array;
}

const NOTHING: readonly CredentialEntry[] = [];
const OF_DEVICES = { algorithms: JWT_ALGORITHMS };

/** What devices may prove beside their tokens, by their numbers. */
export class Credentials {
  readonly #ofDevice = new Map<number, readonly CredentialEntry[]>();
  readonly #byFingerprint = new Map<string, number>();

  /** Replaces those of a device. */
  set(device: number, credentials: readonly CredentialEntry[]): void {
    for (const before of this.#ofDevice.get(device) ?? NOTHING) {
      if (before.type === 'x509' && this.#byFingerprint.get(before.fingerprint) === device) this.#byFingerprint.delete(before.fingerprint);
    }
    if (credentials.length === 0) this.#ofDevice.delete(device);
    else this.#ofDevice.set(device, credentials);
    for (const credential of credentials) if (credential.type === 'x509') this.#byFingerprint.set(credential.fingerprint, device);
  }

  has(device: number, credential: number): boolean {
    return this.#of(device).some(({ id }) => id === credential);
  }

  /** The device of a certificate with this fingerprint. */
  byFingerprint(fingerprint: string, nowMs: number): (Shown & { readonly device: number }) | undefined {
    const device = this.#byFingerprint.get(fingerprint);
    const found = device === undefined ? undefined : this.#of(device).find((one) => one.type === 'x509' && one.fingerprint === fingerprint);
    return device !== undefined && found && isInForce(found, nowMs) ? { device, ...shown(found) } : undefined;
  }

  /** `hash`: as `hashToken` makes it of what the client gave. */
  byToken(device: number, hash: Uint8Array, nowMs: number): Shown | undefined {
    for (const one of this.#of(device)) {
      if (one.type === 'token' && isInForce(one, nowMs) && timingSafeEqual(one.hash, hash)) return shown(one);
    }
    return undefined;
  }

  /** A token that the device has signed itself. */
  byJwt(device: number, token: string, nowMs: number): Shown | undefined {
    for (const one of this.#of(device)) {
      if (one.type !== 'jwt' || !isInForce(one, nowMs)) continue;
      const key = { kid: undefined, alg: undefined, key: createPublicKey({ key: one.key, format: 'jwk' }) };
      const verdict = verifyJwt(token, [key], OF_DEVICES, nowMs);
      if (verdict.kind === 'valid') return { credential: one.id, untilMs: Math.min(verdict.expMs, shown(one).untilMs) };
    }
    return undefined;
  }

  /** The keys of a device that count now, for TLS and DTLS with a key that both sides have. */
  pskOf(device: number, nowMs: number): ShownKey[] {
    return this.#of(device).flatMap((one) => (one.type === 'psk' && isInForce(one, nowMs) ? [{ ...shown(one), key: one.key }] : []));
  }

  #of(device: number): readonly CredentialEntry[] {
    return this.#ofDevice.get(device) ?? NOTHING;
  }
}

function shown({ id, expiresMs }: CredentialEntry): Shown {
  return { credential: id, untilMs: expiresMs ?? Number.POSITIVE_INFINITY };
}
