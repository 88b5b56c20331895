import { ApiFailure } from '../../contract/api-errors.js';
import type { EdgeSignal } from '../../contract/edge-signal.js';
import type { Report } from '../../telemetry/report.js';
import type { Registry } from '../registry/registry.js';
import { type Asked, askBroker } from '../sessions/ask.js';
import type { sparkplugEvents } from './events.js';
import { commandTopicOf, rebirthCommand } from './rebirth-command.js';

export interface RebirthsOptions {
  readonly plane: Asked;
  readonly registry: Pick<Registry, 'tenantOf'>;
  readonly event: Report<keyof typeof sparkplugEvents>;
  readonly nowMs?: () => number;
}

/**
 * Asks edge nodes of Sparkplug to publish their births again, where messages name metrics by aliases that no birth defines, or messages are
 * missing. The pipeline wants one of an edge node once a minute at most.
 */
export class Rebirths {
  readonly #options: RebirthsOptions;
  readonly #asking = new Set<Promise<void>>();
  /** Commands that an edge node got. */
  asked = 0;
  /** Those for which no client had subscribed. */
  unheard = 0;

  constructor(options: RebirthsOptions) {
    this.#options = options;
  }

  take(signal: EdgeSignal): void {
    if (signal.kind !== 'rebirth-wanted') return;
    const asking = this.#ask(signal);
    this.#asking.add(asking);
    void asking.finally(() => this.#asking.delete(asking));
  }

  async settled(): Promise<void> {
    await Promise.all(this.#asking);
  }

  async #ask({ device, topic: seen }: EdgeSignal): Promise<void> {
    const { plane, registry, event, nowMs = Date.now } = this.#options;
    const [tenant, topic] = [registry.tenantOf(device), commandTopicOf(seen)];
    if (tenant === undefined || topic === undefined) return;
    // A command has QoS 0 and is not retained. Sparkplug 3.0 [tck-id-topics-ncmd-mqtt].
    const message = { tenant, topic, payload: rebirthCommand(nowMs()), qos: 0, retain: false } as const;
    const answer = await askBroker(plane, { kind: 'publish', ...message, expirySeconds: undefined }, 'published', `publish on ${topic}`);
    if (!(answer instanceof ApiFailure) && answer.clients > 0) {
      this.asked++;
      return;
    }
    this.unheard++;
    const cause = answer instanceof ApiFailure ? answer.message : 'no client has subscribed to it';
    event('warn', 'rebirth-not-asked', { tenant, topic, cause });
  }
}
