import { X509Certificate } from 'node:crypto';
import type { AuthorityEntry } from './authority.js';
import { deviceNamed, type NamePattern, namePattern } from './certificate-names.js';

/** The device of a certificate, as its authority has it; it may not be registered. */
export interface CertifiedName {
  readonly authority: number;
  readonly tenant: string;
  readonly device: string;
  readonly registers: boolean;
}

interface Known {
  readonly id: number;
  readonly tenant: string;
  readonly certificate: X509Certificate;
  readonly names: readonly NamePattern[];
  readonly registers: boolean;
  readonly revoked: ReadonlySet<string>;
}

/** Extended key usage of those who show their certificate to a server, RFC 5280 §4.2.1.12. */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** The authorities of devices, of all tenants. */
export class Authorities {
  readonly #known = new Map<string, readonly Known[]>();

  /** Replaces those of a tenant. */
  set(tenant: string, entries: readonly AuthorityEntry[]): void {
    const known = entries.map(({ id, certificate, names, registers, revoked }) => {
      const patterns = names.flatMap((name) => namePattern(name) ?? []);
      return { id, tenant, certificate: new X509Certificate(certificate), names: patterns, registers, revoked: new Set(revoked) };
    });
    this.#known.set(tenant, known);
  }

  has(id: number): boolean {
    return [...this.#known.values()].some((list) => list.some((one) => one.id === id));
  }

  /** Whose the certificate is, which is valid now by its own dates. Undefined: no authority has signed it, or revokes it by now. */
  find(certificate: X509Certificate, nowMs: number): CertifiedName | undefined {
    if (certificate.ca || certificate.keyUsage?.includes(CLIENT_AUTH) === false) return undefined;
    for (const list of this.#known.values()) {
      for (const one of list) {
        if (!hasIssued(one.certificate, certificate, nowMs) || one.revoked.has(certificate.serialNumber)) continue;
        const named = deviceNamed(certificate, one.names);
        if (named) return { authority: one.id, tenant: one.tenant, device: named.device, registers: one.registers };
      }
    }
    return undefined;
  }
}

function hasIssued(authority: X509Certificate, certificate: X509Certificate, nowMs: number): boolean {
  const isValid = Date.parse(authority.validFrom) <= nowMs && nowMs < Date.parse(authority.validTo);
  return isValid && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}
