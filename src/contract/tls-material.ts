/** All PEM. With `clientCa` only clients get in that show a certificate of one of these authorities. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}
