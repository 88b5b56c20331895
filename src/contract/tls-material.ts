/** What servers with TLS show and ask for. All PEM. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  /** Authorities of client certificates: one that a client shows must be of theirs, but with `any`. */
  readonly clientCa?: string;
  /** Whether a client must show a certificate; absent: as `required`, where there are authorities. `any` takes every certificate. */
  readonly clientAuth?: ClientAuth;
  /** Revocation lists of the authorities: what these have revoked is not taken. */
  readonly clientCrl?: string;
  /** Which names in a certificate of the authorities are those of its device: see `namePattern`. */
  readonly clientNames?: readonly string[];
}

export type ClientAuth = 'required' | 'optional' | 'any';
