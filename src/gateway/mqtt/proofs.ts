import type { PreviousToken } from '../../contract/devices.js';

/** What a client has shown to be let in, beside the token of its device. */
export interface Proof {
  /** It is valid until then, ms of the Unix epoch; undefined: without a bound. */
  readonly untilMs?: number | undefined;
  /** The credential of the device; 0: a name in its certificate, or a token of an issuer. Undefined: the token of the device. */
  readonly credential?: number | undefined;
  /** Who has signed the token. */
  readonly issuer?: number | undefined;
  /** Who has signed the certificate, where it counts for that. */
  readonly authority?: number | undefined;
}

/** What clients have shown to be let in, as far as it may stop being valid while they are connected. */
export class Proofs {
  /** Until when (ms of the Unix epoch) such connections may stay that came with what is valid for a time. */
  readonly #expiring = new Map<number, number>();
  /** What such connections have shown that did not show the token of their device. */
  readonly #shown = new Map<number, number>();
  /** Issuers of the tokens of such connections. */
  readonly #issuers = new Map<number, number>();
  /** Those whose certificate counts because an authority of the tenant has signed it. */
  readonly #certified = new Set<number>();

  add(connection: number, { untilMs, credential, issuer, authority }: Proof): void {
    if (untilMs !== undefined) this.#expiring.set(connection, untilMs);
    if (credential !== undefined) this.#shown.set(connection, credential);
    if (issuer !== undefined) this.#issuers.set(connection, issuer);
    if (authority !== undefined) this.#certified.add(connection);
  }

  forget(connection: number): void {
    this.#expiring.delete(connection);
    this.#shown.delete(connection);
    this.#issuers.delete(connection);
    this.#certified.delete(connection);
  }

  certified(): number[] {
    return [...this.#certified];
  }

  /** Connections that have shown a token of one of these issuers. */
  issuedBy(issuers: readonly number[]): number[] {
    return [...this.#issuers].flatMap(([connection, issuer]) => (issuers.includes(issuer) ? [connection] : []));
  }

  /** The credential that the connection has shown, 0 for a name in its certificate or a token of an issuer; undefined: the token of its device. */
  shownBy(connection: number): number | undefined {
    return this.#shown.get(connection);
  }

  /** Connections that have shown what is no longer valid at `nowMs`. */
  expired(nowMs: number): number[] {
    return [...this.#expiring].flatMap(([connection, untilMs]) => (untilMs <= nowMs ? [connection] : []));
  }

  /**
   * The device of the connection has another token than `before`. Answers whether the connection may stay: two tokens are valid at once, so
   * who came with a still older one is cut off.
   */
  tokenReplaced(connection: number, before: Uint8Array, now: Uint8Array, previous: PreviousToken | undefined): boolean {
    if (this.#shown.has(connection) || isSame(before, now)) return true;
    if (this.#expiring.has(connection) || previous === undefined || !isSame(previous.hash, before)) return false;
    this.#expiring.set(connection, previous.untilMs);
    return true;
  }
}

/** Both are hashes that the registry gave: no secret is compared. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, index) => byte === b[index]);
}
