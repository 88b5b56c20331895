/** What a person can read of a payload: text where it is text, otherwise a hex dump. */
export interface PayloadPreview {
  readonly kind: 'text' | 'hex' | 'empty';
  readonly text: string;
  /** Bytes that the preview leaves out. */
  readonly bytesLeft: number;
}

export function payloadBytes(base64: string): Uint8Array {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

export function base64Of(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Text when the bytes are UTF-8 without control characters; `forceHex` shows the dump in any case. */
export function previewPayload(bytes: Uint8Array, bytesMax: number, forceHex = false): PayloadPreview {
  if (bytes.length === 0) return { kind: 'empty', text: '', bytesLeft: 0 };
  const shown = bytes.subarray(0, bytesMax);
  const bytesLeft = bytes.length - shown.length;
  const text = forceHex ? undefined : readableText(shown, bytesLeft > 0);
  return text === undefined ? { kind: 'hex', text: hexDump(shown), bytesLeft } : { kind: 'text', text, bytesLeft };
}

const lineBytes = 16;
const lineChars = 74;
const lineHead = 8;

/** Where the characters of the byte at `position` are in the text of a preview: from, to. Undefined: it is not shown. */
export function shownByte(
  { kind, bytesLeft }: PayloadPreview,
  bytes: Uint8Array,
  position: number,
): [from: number, to: number] | undefined {
  if (position >= bytes.length - bytesLeft || kind === 'empty') return undefined;
  if (kind === 'hex') {
    const from = Math.floor(position / lineBytes) * lineChars + lineHead + (position % lineBytes) * 3;
    return [from, from + 2];
  }
  let start = position;
  while (start > 0 && ((bytes[start] as number) & 0xc0) === 0x80) start--;
  const from = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, start)).length;
  return [from, from + ((bytes[start] as number) >= 0xf0 ? 2 : 1)];
}

function readableText(bytes: Uint8Array, cut: boolean): string | undefined {
  try {
    // `stream` forgives a character that the cut divides; without a cut the whole must be UTF-8.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: cut });
    return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** 16 bytes a line: offset, hex, printable ASCII. */
function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += lineBytes) {
    const row = [...bytes.subarray(at, at + lineBytes)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${ascii}`);
  }
  return lines.join('\n');
}
