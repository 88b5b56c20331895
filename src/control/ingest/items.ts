import { FORMAT_BY_SHAPE, FORMAT_JSON, FORMAT_LINE_PROTOCOL, FORMAT_NDJSON, FORMAT_SENML_JSON } from '../../../assembly/abi/block.js';
import { isSpace, objectsOf } from './json-array.js';
import { filledLines, looksLikeLineProtocol, protocolLines } from './lines.js';
import { looksLikeSenml, recordsOf } from './senml-records.js';

/** Messages that a body holds; an item that is none of its own is the whole body. */
export interface Items {
  /** Content format of each. */
  readonly format: number;
  readonly payloads: readonly Uint8Array[];
}

/** More of them are one message, which is likely to be refused for the number of its readings. */
export const ITEMS_MAX = 10_000;

/**
 * Cuts a body into the messages that it holds, so that one which cannot be read costs no other: an array of objects, JSON on lines, or
 * lines of line protocol. Each has a terminal state of its own. Any other body is one message, and so is a pack of SenML unless `isRefused`:
 * its records are of one moment, and stay together while all of them can be read.
 */
export function itemsOf(body: Uint8Array, format: number, isRefused: (payload: Uint8Array, format: number) => boolean): Items {
  const items = cut(body, format, isRefused);
  return items && items.payloads.length > 0 && items.payloads.length <= ITEMS_MAX ? items : { format, payloads: [body] };
}

function cut(body: Uint8Array, format: number, isRefused: (payload: Uint8Array, format: number) => boolean): Items | undefined {
  if (format === FORMAT_SENML_JSON) return isRefused(body, format) ? senml(body) : undefined;
  if (format === FORMAT_NDJSON) return { format: FORMAT_JSON, payloads: filledLines(body) };
  if (format === FORMAT_LINE_PROTOCOL) return { format, payloads: protocolLines(body) };
  if (format !== FORMAT_BY_SHAPE && format !== FORMAT_JSON) return undefined;
  const objects = objectsOf(body);
  if (objects && looksLikeSenml(objects[0]!)) return isRefused(body, format) ? senml(body) : undefined;
  if (objects) return { format, payloads: objects };
  if (format === FORMAT_JSON) return undefined;
  const documents = documentLines(body);
  if (documents) return { format, payloads: documents };
  return looksLikeLineProtocol(body) ? { format: FORMAT_LINE_PROTOCOL, payloads: protocolLines(body) } : undefined;
}

/** The lines of a body whose first line is a whole object by itself, and whose last ends as one. */
function documentLines(body: Uint8Array): Uint8Array[] | undefined {
  const first = body.find((byte) => !isSpace(byte));
  if (first !== 0x7b || body.indexOf(0x0a) < 0) return undefined;
  const lines = filledLines(body);
  return lines.length > 1 && isDocument(lines[0]!) && lines.at(-1)!.at(-1) === 0x7d ? lines : undefined;
}

function senml(body: Uint8Array): Items | undefined {
  const payloads = recordsOf(body);
  return payloads && { format: FORMAT_SENML_JSON, payloads };
}

function isDocument(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString());
    return true;
  } catch {
    return false;
  }
}
