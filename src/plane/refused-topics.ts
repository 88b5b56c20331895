import {
  DEVICE_AT_NUMBER,
  DEVICE_BYTES,
  DEVICES_OFFSET,
  REFUSED_TOPIC_AT_BYTES,
  REFUSED_TOPIC_AT_CODE,
  REFUSED_TOPIC_AT_COUNT,
  REFUSED_TOPIC_AT_TOPIC,
  REFUSED_TOPIC_BYTES,
  REFUSED_TOPIC_SLOTS,
  REFUSED_TOPICS_OFFSET,
} from '../../assembly/abi/gateway.js';
import { refusalCode } from '../contract/codes.js';
import type { RefusedTopic } from '../contract/ledger.js';
import type { KernelMemory } from '../host/kernel.js';

/** Reads what the gateways refused last of their devices, and answers each time what is new since the call before. */
export class RefusedTopics {
  readonly #gateways: readonly { readonly memory: KernelMemory; readonly seen: Uint32Array }[];

  constructor(gateways: readonly KernelMemory[]) {
    this.#gateways = gateways.map((memory) => ({ memory, seen: new Uint32Array(REFUSED_TOPIC_SLOTS * 2) }));
  }

  *news(): Generator<RefusedTopic> {
    for (const { memory, seen } of this.#gateways) {
      for (let slot = 0; slot < REFUSED_TOPIC_SLOTS; slot++) {
        const at = REFUSED_TOPICS_OFFSET + slot * REFUSED_TOPIC_BYTES;
        const entry = memory.view.getUint32(at, true);
        const count = memory.view.getUint32(at + REFUSED_TOPIC_AT_COUNT, true);
        if (entry === 0 || (seen[slot * 2] === entry && seen[slot * 2 + 1] === count)) continue;
        const refused = readSlot(memory, at);
        // The gateway wrote meanwhile: the next call sees it whole.
        if (memory.view.getUint32(at, true) !== entry || memory.view.getUint32(at + REFUSED_TOPIC_AT_COUNT, true) !== count) continue;
        seen[slot * 2] = entry;
        seen[slot * 2 + 1] = count;
        yield refused;
      }
    }
  }
}

function readSlot({ bytes, view }: KernelMemory, at: number): RefusedTopic {
  const length = view.getUint32(at + REFUSED_TOPIC_AT_BYTES, true);
  const from = at + REFUSED_TOPIC_AT_TOPIC;
  const isCut = from + length > at + REFUSED_TOPIC_BYTES;
  // A copy: shared memory cannot be decoded.
  const topic = Buffer.from(bytes.slice(from, isCut ? at + REFUSED_TOPIC_BYTES : from + length)).toString('utf8');
  return {
    device: view.getUint32(DEVICES_OFFSET + (view.getUint32(at, true) - 1) * DEVICE_BYTES + DEVICE_AT_NUMBER, true),
    code: refusalCode(view.getUint32(at + REFUSED_TOPIC_AT_CODE, true)).name,
    // What a client sends may hold anything, and this goes into logs and pages.
    topic: (isCut ? `${topic.replace(/\ufffd$/u, '')}…` : topic).replace(/\p{Cc}/gu, '\ufffd'),
  };
}
