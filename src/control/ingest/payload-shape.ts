/** A longer payload is not looked at: the thread that answers has other calls. */
const BYTES_MAX = 4096;

/**
 * Why this payload cannot become readings, as far as a look tells; undefined: nothing speaks against it. The pipeline decides, and it
 * refuses more than this.
 */
export function undecodable(payload: Uint8Array): string | undefined {
  const first = payload.find((byte) => !isSpace(byte));
  // From this byte on no text of JSON begins, but binary formats do.
  if (payload.length > BYTES_MAX || first === undefined || first >= 0x80) return undefined;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString();
  for (const document of documentsOf(text)) {
    let value: unknown;
    try {
      value = JSON.parse(document);
    } catch {
      return 'it is not JSON';
    }
    if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return 'it holds no reading';
  }
  return undefined;
}

/** The payload, or its lines when each of them holds a document. */
function documentsOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 1 && lines.every((line) => line.trimStart().startsWith('{') && line.trimEnd().endsWith('}')) ? lines : [text];
}

/** Whether there is nothing in it but the white space of JSON. */
export function isBlank(payload: Uint8Array): boolean {
  return payload.every(isSpace);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
