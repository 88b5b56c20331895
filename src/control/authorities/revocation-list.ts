import { verify, type X509Certificate } from 'node:crypto';
import { DER_GENERALIZED_TIME, DER_INTEGER, DER_SEQUENCE, DER_UTC_TIME, type DerValue, derTime, derValues } from './der.js';

/** What a revocation list says. */
export interface RevocationList {
  /** In upper-case hexadecimal digits, as Node shows those of certificates. */
  readonly serials: readonly string[];
  readonly nextUpdateMs: number | null;
}

/** Signature algorithms by the bytes of their OIDs (RFC 4055 §5, RFC 5758 §3.2, RFC 8410 §3), with the hash that Node verifies by. */
const hashes: Readonly<Record<string, string | null>> = {
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2b6570': null,
};

const PEM = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/;
const EXTENSIONS = 0xa0;
const TRUE = 0x01;

/** Reads a list (RFC 5280 §5.1) that the authority has signed; a text: why it is not taken. */
export function revocationList(pem: string, authority: X509Certificate): RevocationList | string {
  const [, base64] = PEM.exec(pem) ?? [];
  if (base64 === undefined) return 'it is no revocation list in PEM';
  try {
    return read(Buffer.from(base64, 'base64'), authority);
  } catch (error) {
    return (error as Error).message;
  }
}

function read(der: Buffer, authority: X509Certificate): RevocationList {
  const [whole] = derValues(der);
  const [list, algorithm, signature] = derValues(whole?.content ?? Buffer.alloc(0));
  if (!list || !algorithm || !signature) throw new Error('it lacks a part');
  const hash = hashes[derValues(algorithm.content)[0]?.content.toString('hex') ?? ''];
  if (hash === undefined) throw new Error('it is signed by an algorithm that is not known here: use RSA or ECDSA with SHA-2, or Ed25519');
  // The first byte of a bit string says how many of its last bits are unused: none.
  if (!verify(hash, list.whole, authority.publicKey, signature.content.subarray(1))) throw new Error('the authority has not signed it');
  return contentOf(derValues(list.content));
}

function contentOf(parts: readonly DerValue[]): RevocationList {
  if (hasCritical(parts.find(({ tag }) => tag === EXTENSIONS)))
    throw new Error('it has a critical extension, which would change its meaning');
  const isTime = ({ tag }: DerValue) => tag === DER_UTC_TIME || tag === DER_GENERALIZED_TIME;
  const times = parts.filter(isTime);
  const lastTime = parts.findLastIndex(isTime);
  const revoked = parts[lastTime + 1]?.tag === DER_SEQUENCE ? derValues(parts[lastTime + 1]!.content) : [];
  return { serials: revoked.map(serialOf), nextUpdateMs: times[1] ? derTime(times[1]) : null };
}

function serialOf({ content }: DerValue): string {
  const [serial, , extensions] = derValues(content);
  if (serial?.tag !== DER_INTEGER) throw new Error('an entry has no serial number');
  const isCritical = extensions && derValues(extensions.content).some(isCriticalExtension);
  if (isCritical) throw new Error('an entry has a critical extension, which would change its meaning');
  return serial.content
    .toString('hex')
    .replace(/^(00)+(?=..)/, '')
    .toUpperCase();
}

/** RFC 5280 §5.2: a list with a critical extension that is not understood says nothing. */
function hasCritical(extensions: DerValue | undefined): boolean {
  if (!extensions) return false;
  const [list] = derValues(extensions.content);
  return derValues(list?.content ?? Buffer.alloc(0)).some(isCriticalExtension);
}

function isCriticalExtension({ content }: DerValue): boolean {
  return derValues(content)[1]?.tag === TRUE;
}
