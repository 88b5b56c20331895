import { type JsonSlice, jsonSlices } from './json-slices.js';
import type { NamedDevice } from './plan.js';

/** What a payload says of one device. */
export interface Part {
  /** The name that the payload gives the device; undefined: none, and the connection is meant. */
  readonly id: string | undefined;
  readonly payload: Uint8Array;
}

/** A packet that speaks of more devices is refused: each of them is a message of its own. */
export const PARTS_MAX = 1024;

/**
 * Takes a payload apart that speaks of several devices. One that is not of the shape that the rule expects is one part without a device:
 * the decoder says what is wrong with it.
 */
export function partsOf(device: Extract<NamedDevice, { kind: 'member' | 'members' }>, payload: Uint8Array): Part[] {
  const document = parsed(payload);
  if (typeof document !== 'object' || document === null) return [{ id: undefined, payload }];
  if (device.kind === 'members') {
    if (Array.isArray(document)) return [{ id: undefined, payload }];
    const members = jsonSlices(payload).map(({ name, value }) => ({ id: name, payload: value }));
    return members.length > 0 ? members : [{ id: undefined, payload }];
  }
  const { metrics } = document as { metrics?: unknown };
  // Telegraf writes one object, an array of them, or `{"metrics": […]}`.
  if (Array.isArray(document)) return byDevice(jsonSlices(payload), device.path, payload);
  if (!Array.isArray(metrics)) return [{ id: idOf(document, device.path), payload }];
  const batch = jsonSlices(payload).find(({ name }) => name === 'metrics') as JsonSlice;
  return byDevice(jsonSlices(batch.value), device.path, payload);
}

/** Documents of one device are one part, in their order. */
function byDevice(documents: readonly JsonSlice[], path: readonly string[], payload: Uint8Array): Part[] {
  const found = new Map<string | undefined, Uint8Array[]>();
  for (const { value } of documents) {
    const id = idOf(parsed(value), path);
    const own = found.get(id);
    if (own) own.push(value);
    else found.set(id, [value]);
  }
  if (found.size === 0) return [{ id: undefined, payload }];
  return [...found].map(([id, values]) => ({ id, payload: arrayOf(values) }));
}

function arrayOf(values: readonly Uint8Array[]): Uint8Array {
  const comma = Buffer.from(',');
  return Buffer.concat([Buffer.from('['), ...values.flatMap((value, index) => (index === 0 ? [value] : [comma, value])), Buffer.from(']')]);
}

function idOf(document: unknown, path: readonly string[]): string | undefined {
  let value = document;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString());
  } catch {
    return undefined;
  }
}
