/** An authority whose certificates are those of devices of one tenant, as gateways know it. */
export interface AuthorityEntry {
  readonly id: number;
  /** PEM. */
  readonly certificate: string;
  /** Which name of a certificate is the id of its device, as `namePattern` reads it. */
  readonly names: readonly string[];
  /** Whether a device that is not known is registered when it shows a certificate. */
  readonly registers: boolean;
  /** Serial numbers of certificates that the authority has revoked, as Node shows them. */
  readonly revoked: readonly string[];
}
