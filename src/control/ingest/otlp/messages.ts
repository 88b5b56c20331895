import { FORMAT_JSON } from '../../../../assembly/abi/block.js';
import { MESSAGE_METRICS_MAX } from '../../../../assembly/abi/limits.js';
import type { RoutedMessage } from '../../../contract/topic-rules/routing.js';

/** Far below what a payload may have, as more than one goes into a block. */
const MESSAGE_BYTES_MAX = 64 * 1024;
const NO_CONTEXT = new Uint8Array(0);

interface OpenMessage {
  readonly names: Set<string>;
  readonly members: string[];
  bytes: number;
  points: number;
}

/** A message, and how many data points are lost with it. */
export interface PointsMessage {
  readonly message: RoutedMessage;
  readonly points: number;
}

/** Puts values of one device and moment together into messages of Spillway's own form. */
export class PointMessages {
  readonly #open = new Map<string, { readonly device: number; readonly timeNs: string; readonly messages: OpenMessage[] }>();

  /** Adds the values of a data point, by the names of their metrics. `timeNs`: '' is the receive time. */
  add(device: number, timeNs: string, values: readonly (readonly [name: string, value: string])[]): void {
    const key = `${device}/${timeNs}`;
    const group = this.#open.get(key) ?? { device, timeNs, messages: [] };
    this.#open.set(key, group);
    values.forEach(([name, value], index) => {
      const member = `${JSON.stringify(name)}:${value}`;
      const message = messageFor(group.messages, name, member.length);
      message.names.add(name);
      message.members.push(member);
      message.bytes += member.length;
      if (index === 0) message.points++;
    });
  }

  all(): PointsMessage[] {
    return [...this.#open.values()].flatMap(({ device, timeNs, messages }) =>
      messages.map(({ members, points }) => {
        const payload = Buffer.from(`{${timeNs === '' ? '' : `"ts":${timeNs},`}"metrics":{${members.join(',')}}}`);
        return { points, message: { device, format: FORMAT_JSON, context: NO_CONTEXT, payload } };
      }),
    );
  }
}

/** The message that takes a value: the last one, or a new one. A series twice at one moment is in two, as a message names a metric once. */
function messageFor(messages: OpenMessage[], name: string, bytes: number): OpenMessage {
  const last = messages.at(-1);
  if (last && !last.names.has(name) && last.members.length < MESSAGE_METRICS_MAX && last.bytes + bytes <= MESSAGE_BYTES_MAX) return last;
  const message = { names: new Set<string>(), members: [], bytes: 0, points: 0 };
  messages.push(message);
  return message;
}
