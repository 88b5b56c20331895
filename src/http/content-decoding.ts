import { promisify } from 'node:util';
import { gunzip, inflate, inflateRaw } from 'node:zlib';

const decoders = { gzip: promisify(gunzip), zlib: promisify(inflate), deflate: promisify(inflateRaw) };

/** What a body may be encoded with, as Accept-Encoding says it. */
export const ENCODINGS = 'gzip, deflate';

/** Whether a body with this Content-Encoding can be read; '' and identity are no encoding. */
export function isKnownEncoding(encoding: string): boolean {
  return /^(identity|gzip|x-gzip|deflate)?$/i.test(encoding);
}

/** The body as it was before it was encoded, in a buffer of its own. It is never inflated to more than `bytesMax`. */
export async function decodeContent(encoding: string, body: Uint8Array, bytesMax: number): Promise<Uint8Array | 'oversize' | 'malformed'> {
  if (encoding === '' || /^identity$/i.test(encoding)) return body;
  const decode = /^(x-)?gzip$/i.test(encoding) ? decoders.gzip : hasZlibHeader(body) ? decoders.zlib : decoders.deflate;
  try {
    return new Uint8Array(await decode(body, { maxOutputLength: bytesMax }));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'oversize' : 'malformed';
  }
}

/** `deflate` means the zlib format, RFC 9110 §8.4.1.2, but some clients send it without the header of RFC 1950 §2.2. */
function hasZlibHeader(body: Uint8Array): boolean {
  const [method = 0, flags = 0] = body;
  return (method & 15) === 8 && ((method << 8) | flags) % 31 === 0;
}
