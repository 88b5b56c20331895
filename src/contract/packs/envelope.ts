import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

// The file of a pack is an envelope of DSSE 1.0 (Dead Simple Signing Envelope): JSON whose `payload` is the content in base64. What is
// signed are the bytes of the content with its type before them, so that nothing has to be brought into a canonical form.

export const PACK_TYPE = 'application/vnd.spillway.pack+json';
export const PACK_BYTES_MAX = 2 * 1024 * 1024;
const SIGNATURES_MAX = 16;
/** Of Ed25519, RFC 8032 §5.1.6. */
const SIGNATURE_BYTES = 64;

export interface PackSignature {
  readonly keyId: string;
  readonly signature: Uint8Array;
}

export interface Envelope {
  /** UTF-8 JSON. */
  readonly payload: Uint8Array;
  readonly signatures: readonly PackSignature[];
}

/** The bytes that are signed: the pre-authentication encoding of DSSE, `DSSEv1 <bytes of type> <type> <bytes of payload> <payload>`. */
export function signedBytes(payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(PACK_TYPE)} ${PACK_TYPE} ${payload.length} `), payload]);
}

/** The first 16 bytes of the SHA-256 of the public key as SubjectPublicKeyInfo (DER), in hexadecimal digits. */
export function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 32);
}

/** The same envelope, signed by one key more; a signature that this key made before is replaced. */
export function signedEnvelope({ payload, signatures }: Envelope, privateKey: KeyObject): Envelope {
  const keyId = keyIdOf(createPublicKey(privateKey));
  const made = { keyId, signature: sign(null, signedBytes(payload), privateKey) };
  return { payload, signatures: [...signatures.filter((one) => one.keyId !== keyId), made] };
}

export function isSignatureOf({ payload }: Envelope, { signature }: PackSignature, publicKey: KeyObject): boolean {
  return verify(null, signedBytes(payload), publicKey, signature);
}

export function writeEnvelope({ payload, signatures }: Envelope): string {
  const written = signatures.map(({ keyId, signature }) => ({ keyid: keyId, sig: base64(signature) }));
  return `${JSON.stringify({ payloadType: PACK_TYPE, payload: base64(payload), signatures: written }, null, 2)}\n`;
}

/** A text: why the bytes are no envelope of a pack. */
export function readEnvelope(file: Uint8Array): Envelope | string {
  const read = parsed(file);
  if (typeof read !== 'object' || read === null) return 'it is not a whole JSON object: it may be cut off';
  const { payloadType, payload, signatures } = read as Readonly<Record<string, unknown>>;
  if (payloadType !== PACK_TYPE) return `its payloadType is not ${PACK_TYPE}`;
  const content = bytesOf(payload);
  if (!content) return 'its payload is not base64';
  if (!Array.isArray(signatures) || signatures.length > SIGNATURES_MAX)
    return `its signatures are not an array of at most ${SIGNATURES_MAX}`;
  const found = signatures.map(signatureOf);
  if (found.includes(undefined)) return 'one of its signatures is not {"keyid", "sig"} with 64 bytes in base64';
  return { payload: content, signatures: found as PackSignature[] };
}

function signatureOf(value: unknown): PackSignature | undefined {
  const { keyid, sig } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const signature = bytesOf(sig);
  return typeof keyid === 'string' && signature?.length === SIGNATURE_BYTES ? { keyId: keyid, signature } : undefined;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function bytesOf(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
