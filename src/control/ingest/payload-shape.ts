/** A longer payload is only looked at where it begins: the thread that answers has other calls. */
const BYTES_MAX = 4096;

/**
 * Why this payload cannot become readings, as far as a look tells; undefined: nothing speaks against it. The pipeline decides, and it
 * refuses more than this.
 */
export function undecodable(payload: Uint8Array): string | undefined {
  const text = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.length, BYTES_MAX + 1)).toString();
  if (!/^[ \t\r\n]*\{/.test(text)) return 'it is not a JSON object';
  if (payload.length > BYTES_MAX) return undefined;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not a JSON object';
  }
  const { metrics } = value;
  if (!isObject(metrics) || Object.keys(metrics).length === 0) return 'it has no "metrics" object, or an empty one';
  const wrong = Object.entries(metrics).find(([, one]) => isObject(one) || Array.isArray(one));
  return wrong && `its metric ${JSON.stringify(wrong[0].slice(0, 128))} is an object or an array`;
}

/** Whether there is nothing in it but the white space of JSON. */
export function isBlank(payload: Uint8Array): boolean {
  return payload.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
