import { promisify } from 'node:util';
import zlib from 'node:zlib';

type Decode = (body: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Uint8Array>;

/** The members of node:zlib that Node has from 22.15 on. */
interface ZstdZlib {
  readonly zstdDecompress?: (body: Uint8Array, options: object, done: (error: Error | null, result: Buffer) => void) => void;
  readonly constants: { readonly ZSTD_d_windowLogMax?: number };
}

/** A decoder takes no more memory for the window than this: 2^23 bytes, RFC 9659 §3. */
const ZSTD_WINDOW_LOG_MAX = 23;

/** Decoders by the name of the encoding, RFC 9110 §8.4.1, RFC 7932, RFC 8878. */
const decoders: ReadonlyMap<string, Decode> = new Map([
  ['gzip', promisify(zlib.gunzip) as Decode],
  ['deflate', inflate],
  ['br', promisify(zlib.brotliDecompress) as Decode],
  ...zstdOf(zlib as unknown as ZstdZlib),
]);

/** What a body may be encoded with, as Accept-Encoding says it. */
export const ENCODINGS = [...decoders.keys()].join(', ');

/** Whether a body with this Content-Encoding can be read; '' and identity are no encoding. */
export function isKnownEncoding(encoding: string): boolean {
  return isIdentity(encoding) || decoderOf(encoding) !== undefined;
}

/** The body as it was before it was encoded, in a buffer of its own. It is never inflated to more than `bytesMax`. */
export async function decodeContent(encoding: string, body: Uint8Array, bytesMax: number): Promise<Uint8Array | 'oversize' | 'malformed'> {
  const decode = decoderOf(encoding);
  if (!decode) return isIdentity(encoding) ? body : 'malformed';
  try {
    return new Uint8Array(await decode(body, { maxOutputLength: bytesMax }));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'oversize' : 'malformed';
  }
}

function isIdentity(encoding: string): boolean {
  return encoding === '' || encoding.toLowerCase() === 'identity';
}

function decoderOf(encoding: string): Decode | undefined {
  const name = encoding.toLowerCase();
  return decoders.get(name === 'x-gzip' ? 'gzip' : name);
}

const inflateZlib = promisify(zlib.inflate) as Decode;
const inflateRaw = promisify(zlib.inflateRaw) as Decode;

function inflate(body: Uint8Array, options: { readonly maxOutputLength: number }): Promise<Uint8Array> {
  return (hasZlibHeader(body) ? inflateZlib : inflateRaw)(body, options);
}

/** `deflate` means the zlib format, RFC 9110 §8.4.1.2, but some clients send it without the header of RFC 1950 §2.2. */
function hasZlibHeader(body: Uint8Array): boolean {
  const [method = 0, flags = 0] = body;
  return (method & 15) === 8 && ((method << 8) | flags) % 31 === 0;
}

function zstdOf({ zstdDecompress, constants }: ZstdZlib): [string, Decode][] {
  if (!zstdDecompress) return [];
  const params = { [constants.ZSTD_d_windowLogMax as number]: ZSTD_WINDOW_LOG_MAX };
  const decompress = promisify(zstdDecompress) as (body: Uint8Array, options: object) => Promise<Uint8Array>;
  return [['zstd', (body, options) => decompress(body, { ...options, params })]];
}
