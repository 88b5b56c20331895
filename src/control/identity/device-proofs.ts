import { ApiFailure } from '../../contract/api-errors.js';
import { looksLikeJwt } from '../../contract/identity/jwt.js';
import type { DeviceCredentials } from '../credentials/device-credentials.js';
import type { TokenIssuers } from '../issuers/token-issuers.js';
import type { Device } from '../registry/device.js';

/** What calls over HTTP may show beside the token of a device. */
export class DeviceProofs {
  readonly #credentials: DeviceCredentials;
  readonly #issuers: TokenIssuers;

  constructor(credentials: DeviceCredentials, issuers: TokenIssuers) {
    this.#credentials = credentials;
    this.#issuers = issuers;
  }

  /** Whether the token proves the device. `given`: as `hashToken` makes it of the token. */
  proves({ number, tenant, id }: Device, token: string, given: Uint8Array, nowMs: number): boolean | ApiFailure {
    if (this.#credentials.known.byToken(number, given, nowMs)) return true;
    if (!looksLikeJwt(token)) return false;
    if (this.#credentials.known.byJwt(number, token, nowMs)) return true;
    const issued = this.#issuers.known.prove(token, nowMs, tenant);
    if (issued?.kind === 'proved') return issued.device === id;
    if (!issued) return false;
    void this.#issuers.keyUnknown(issued.issuer);
    const cause = 'the token names a key that is not known yet, and the keys of its issuer are being fetched';
    return new ApiFailure('unavailable', `authenticate device ${id}`, cause);
  }

  /** The device that a token of an issuer names. */
  named(token: string, nowMs: number): { readonly tenant: string; readonly id: string } | undefined {
    const issued = looksLikeJwt(token) ? this.#issuers.known.prove(token, nowMs) : undefined;
    if (issued?.kind === 'key-unknown') void this.#issuers.keyUnknown(issued.issuer);
    return issued?.kind === 'proved' ? { tenant: issued.tenant, id: issued.device } : undefined;
  }
}
