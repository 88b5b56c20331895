import { FORMAT_BY_SHAPE, FORMAT_JSON, FORMAT_LINE_PROTOCOL, FORMAT_NDJSON } from '../../../assembly/abi/block.js';
import { isSpace, objectsOf } from './json-array.js';
import { filledLines, looksLikeLineProtocol, protocolLines } from './lines.js';

/** Messages that a body holds; an item that is none of its own is the whole body. */
export interface Items {
  /** Content format of each. */
  readonly format: number;
  readonly payloads: readonly Uint8Array[];
}

/** More of them are one message, which is likely to be refused for the number of its readings. */
export const ITEMS_MAX = 10_000;

/** Labels of a record of SenML, RFC 8428 §4.1 and §4.2: base values hold for all records after theirs, so a pack is one message. */
const SENML_LABELS = new Set(['bn', 'bt', 'bu', 'bv', 'bs', 'bver', 'n', 'u', 'v', 'vs', 'vb', 'vd', 's', 't', 'ut']);

/**
 * Cuts a body into the messages that it holds, so that one which cannot be read costs no other: an array of objects, JSON on lines, or
 * lines of line protocol. Each has a terminal state of its own. Any other body is one message.
 */
export function itemsOf(body: Uint8Array, format: number): Items {
  const items = cut(body, format);
  return items && items.payloads.length > 0 && items.payloads.length <= ITEMS_MAX ? items : { format, payloads: [body] };
}

function cut(body: Uint8Array, format: number): Items | undefined {
  if (format === FORMAT_NDJSON) return { format: FORMAT_JSON, payloads: filledLines(body) };
  if (format === FORMAT_LINE_PROTOCOL) return { format, payloads: protocolLines(body) };
  if (format !== FORMAT_BY_SHAPE && format !== FORMAT_JSON) return undefined;
  const objects = objectsOf(body);
  if (objects) return isSenml(objects[0]!) ? undefined : { format, payloads: objects };
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
  return lines.length > 1 && documentOf(lines[0]!) !== undefined && lines.at(-1)!.at(-1) === 0x7d ? lines : undefined;
}

function isSenml(first: Uint8Array): boolean {
  const document = documentOf(first);
  if (!document) return false;
  const has = (label: string) => Object.hasOwn(document, label);
  const isNamed = has('bn') || (has('n') && ['v', 'vs', 'vb', 'vd', 's'].some(has));
  return isNamed && Object.keys(document).every((label) => SENML_LABELS.has(label));
}

function documentOf(bytes: Uint8Array): object | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
