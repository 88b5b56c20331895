/** Reasons whose payload a reader of JSON refuses as well, so that it can say where. */
const OF_JSON = new Set(['json_malformed', 'json_byte_order_mark', 'json_nul_at_end']);

/** The byte at which the payload of a dead letter cannot be read on; undefined: its reason is not at one byte. */
export function faultPosition(reason: string, payload: Uint8Array): number | undefined {
  if (!OF_JSON.has(reason)) return undefined;
  const text = Buffer.from(payload).toString('utf8');
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const found = /at position (\d+)/.exec((error as Error).message);
    // Without a position, the payload ends where more was to come.
    return found ? Buffer.byteLength(text.slice(0, Number(found[1]))) : payload.length;
  }
}
