import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

// Certificates for tests, made in place: X.509 version 3, ECDSA on P-256 (RFC 5280 §4.1, RFC 5480).

export interface Certified {
  readonly cert: string;
  readonly key: string;
  readonly name: string;
  readonly privateKey: KeyObject;
}

/** Distinguished encoding (X.690 §10): a tag, a length, and the parts. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const octets = (part: Uint8Array) => der(0x04, part);
const TRUE = der(0x01, Buffer.of(255));
const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const BASIC_CONSTRAINTS = oid('551d13');
const ALTERNATIVE_NAME = oid('551d11');
const KEY_IDENTIFIER = oid('551d0e');

function nameOf(name: string): Buffer {
  return sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))));
}

/** GeneralizedTime, YYYYMMDDHHMMSSZ. */
function timeOf(date: Date): Buffer {
  return der(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+Z$/g, '')}Z`));
}

function extensionsOf(publicKey: Uint8Array, isAuthority: boolean): Buffer {
  const localhost = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1)));
  const identifier = sequence(KEY_IDENTIFIER, octets(octets(createHash('sha1').update(publicKey).digest())));
  const rest = isAuthority ? sequence(BASIC_CONSTRAINTS, TRUE, octets(sequence(TRUE))) : sequence(ALTERNATIVE_NAME, octets(localhost));
  return der(0xa3, sequence(identifier, rest));
}

/** A list of certificates that `issuer` has revoked, by their serial numbers in hexadecimal digits; `extensions` as DER. RFC 5280 §5.1. */
export function revoke(issuer: Certified, serials: readonly string[], extensions: Uint8Array = Buffer.alloc(0)): string {
  const now = timeOf(new Date());
  const entries = serials.map((serial) => sequence(der(0x02, Buffer.from(serial, 'hex')), now));
  const revoked = entries.length === 0 ? Buffer.alloc(0) : sequence(...entries);
  const version = der(0x02, Buffer.of(1));
  const list = sequence(
    version,
    ECDSA_WITH_SHA256,
    nameOf(issuer.name),
    now,
    timeOf(new Date(Date.now() + 86_400_000)),
    revoked,
    extensions,
  );
  const whole = sequence(list, ECDSA_WITH_SHA256, der(0x03, Buffer.of(0), sign('sha256', list, issuer.privateKey)));
  return `-----BEGIN X509 CRL-----\n${whole
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n')}\n-----END X509 CRL-----\n`;
}

/** Extensions of a list that holds its number, which RFC 5280 §5.2.3 demands of all lists. */
export function listNumber(): Uint8Array {
  return der(0xa0, sequence(sequence(oid('551d14'), octets(der(0x02, Buffer.of(1))))));
}

/** Extensions of a list that holds one critical one, issuingDistributionPoint. */
export function criticalExtension(): Uint8Array {
  return der(0xa0, sequence(sequence(oid('551d1c'), TRUE, octets(sequence()))));
}

/** A certificate for localhost signed by `issuer`, or of an authority that vouches for itself. `days` from now, or until then. */
export function certify(name: string, issuer?: Certified, days = 1, isAuthority = issuer === undefined): Certified {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const at = (day: number) => new Date(Date.now() + day * 86_400_000);
  const serial = randomBytes(8);
  serial[0] = 1; // Positive, and without needless zeroes.
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, serial),
    ECDSA_WITH_SHA256,
    nameOf(issuer?.name ?? name),
    sequence(timeOf(at(Math.min(0, days) - 1)), timeOf(at(days))),
    nameOf(name),
    spki,
    extensionsOf(spki, isAuthority),
  );
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey);
  const whole = sequence(body, ECDSA_WITH_SHA256, der(0x03, Buffer.of(0), signature));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  const cert = `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), name, privateKey };
}
