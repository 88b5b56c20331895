import { FORMAT_SPARKPLUG } from '../../assembly/abi/block.js';
import { takeEdgeSignals } from '../../src/host/edge-signals.js';
import { TestKernel } from '../support/pipeline-kernel.js';
import { NINE_MS } from '../support/sparkplug-payloads.js';

export const RECEIVED_US = (NINE_MS + 1000) * 1000;
export type Reading = readonly [metric: string, value: number | string, tsUs: number];

/** A pipeline kernel that takes messages of Sparkplug. */
export class SparkplugDecoder {
  kernel: TestKernel;

  constructor(kernel = new TestKernel()) {
    this.kernel = kernel;
  }

  /** Readings of one message, numbers and texts apart; or the reason of its dead letter. */
  send(topic: string, bytes: Uint8Array, { device = 7, prefix = '', receiveUs = RECEIVED_US } = {}): Reading[] | string {
    const flags = prefix === '' ? {} : { prefix, isUnsequenced: true };
    this.kernel.run([{ device, receiveUs, payload: bytes, format: FORMAT_SPARKPLUG, context: { profile: 0, topic, ...flags } }]);
    const { readings, texts, deads } = this.kernel.take();
    if (deads.length > 0) return deads.map(({ reason }) => reason).join();
    return [...readings, ...texts].map(({ metric: name, value, tsUs }) => [name, value, tsUs]);
  }

  /** Signals since the last call: kind and topic. */
  signals(): string[] {
    return takeEdgeSignals(this.kernel.memory).map(({ kind, topic }) => `${kind} ${topic}`);
  }
}
