import { X509Certificate } from 'node:crypto';
import type { CertifiedName } from '../contract/identity/authorities.js';
import { deviceNamed, type NamePattern } from '../contract/identity/certificate-names.js';
import type { Directory } from './directory.js';

/** The device that a certificate is of. */
export interface CertifiedDevice {
  readonly entry: number;
  /** The credential that names the certificate; undefined: a name in it does. */
  readonly credential: number | undefined;
  /** The authority of the tenant that has signed it; undefined: none has to. */
  readonly authority?: number;
  /** Until when it counts, ms of the Unix epoch. */
  readonly untilMs: number;
}

/**
 * Finds the device of a certificate of which a client has shown the key: by its fingerprint, or by a name in it, where the patterns say
 * which. Undefined: it is of none, or it is not valid now. A name alone: an authority of a tenant says that there is such a device.
 */
export function deviceOfCertificate(
  der: Uint8Array,
  directory: Directory,
  patterns: readonly NamePattern[],
  nowMs: number,
): CertifiedDevice | CertifiedName | undefined {
  const certificate = read(der);
  if (!certificate) return undefined;
  const [fromMs, toMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (!(fromMs <= nowMs && nowMs < toMs)) return undefined;
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  const known = directory.credentials.byFingerprint(fingerprint, nowMs);
  const entry = known && directory.entryOf(known.device);
  if (known && entry !== undefined) return { entry, credential: known.credential, untilMs: Math.min(known.untilMs, toMs) };
  const named = deviceNamed(certificate, patterns);
  const ofName = named && directory.find(named.tenant, named.device);
  if (ofName !== undefined) return { entry: ofName, credential: undefined, untilMs: toMs };
  const certified = directory.authorities.find(certificate, nowMs);
  const ofTenant = certified && directory.find(certified.tenant, certified.device);
  if (ofTenant === undefined) return certified;
  return { entry: ofTenant, credential: undefined, authority: certified!.authority, untilMs: toMs };
}

function read(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}
