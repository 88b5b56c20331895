import { EDGE_SIGNALS_OFFSET } from '../../assembly/abi/pipeline.js';
import {
  EDGE_BORN,
  EDGE_DIED,
  EDGE_REBIRTH_WANTED,
  EDGE_SIGNAL_AT_DEVICE,
  EDGE_SIGNAL_AT_KIND,
  EDGE_SIGNAL_AT_RECEIVE_US,
  EDGE_SIGNAL_AT_TOPIC_BYTES,
  EDGE_SIGNAL_HEADER_BYTES,
  EDGE_SIGNALS_HEADER_BYTES,
} from '../../assembly/abi/sparkplug.js';
import type { EdgeSignal } from '../contract/edge-signal.js';
import type { KernelMemory } from './kernel.js';

const kinds: Readonly<Record<number, EdgeSignal['kind']>> = {
  [EDGE_BORN]: 'born',
  [EDGE_DIED]: 'died',
  [EDGE_REBIRTH_WANTED]: 'rebirth-wanted',
};

/** Signals since the last call, oldest first. Between two blocks only. */
export function takeEdgeSignals({ view, bytes }: KernelMemory): EdgeSignal[] {
  let at = EDGE_SIGNALS_OFFSET + EDGE_SIGNALS_HEADER_BYTES;
  const signals = Array.from({ length: view.getUint32(EDGE_SIGNALS_OFFSET, true) }, (): EdgeSignal => {
    const topicBytes = view.getUint16(at + EDGE_SIGNAL_AT_TOPIC_BYTES, true);
    const topicAt = at + EDGE_SIGNAL_HEADER_BYTES;
    const signal: EdgeSignal = {
      kind: kinds[view.getUint16(at + EDGE_SIGNAL_AT_KIND, true)] as EdgeSignal['kind'],
      device: view.getUint32(at + EDGE_SIGNAL_AT_DEVICE, true),
      receivedUs: Number(view.getBigUint64(at + EDGE_SIGNAL_AT_RECEIVE_US, true)),
      topic: Buffer.from(bytes.slice(topicAt, topicAt + topicBytes)).toString('utf8'),
    };
    at = topicAt + Math.ceil(topicBytes / 8) * 8;
    return signal;
  });
  view.setUint32(EDGE_SIGNALS_OFFSET, 0, true);
  view.setUint32(EDGE_SIGNALS_OFFSET + 4, 0, true);
  return signals;
}
