import { FORMAT_BY_SHAPE, FORMAT_JSON, FORMAT_NDJSON, FORMAT_SENML_JSON } from '../../../assembly/abi/block.js';
import { isSpace } from './json-array.js';

/** A longer payload is not looked at: the thread that answers has other calls. */
const BYTES_MAX = 4096;

/**
 * Why this payload cannot become readings, as far as a look tells; undefined: nothing speaks against it. The pipeline decides, and it
 * refuses more than this.
 */
export function undecodable(payload: Uint8Array, format: number): string | undefined {
  if (!isText(format)) return undefined;
  const first = payload.find((byte) => !isSpace(byte));
  // From this byte on no text of JSON begins, but binary formats do.
  if (payload.length > BYTES_MAX || first === undefined || first >= 0x80) return undefined;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString();
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && Object.keys(value).length === 0 ? 'it holds no reading' : undefined;
  } catch {
    return 'it is not JSON';
  }
}

/** Whether there is nothing in it: in a format of text, nothing but white space. In others a space is a value. */
export function isEmpty(payload: Uint8Array, format: number): boolean {
  return isText(format) ? payload.every(isSpace) : payload.length === 0;
}

function isText(format: number): boolean {
  return format === FORMAT_BY_SHAPE || format === FORMAT_JSON || format === FORMAT_NDJSON || format === FORMAT_SENML_JSON;
}
