import type { Acl, Principal } from '../../contract/acl/acl.js';
import { isTelemetryTopic } from '../../contract/topic-rules/own-topics.js';

/** More verdicts than these are not remembered of a client. */
const VERDICTS_MAX = 1000;

interface Known {
  readonly deviceClass: string | null;
  readonly verdicts: Map<string, boolean>;
}

/** Who may publish on which topics by a rule, remembered of each client until rules change. */
export class PublishRights {
  readonly #acl: Acl;
  /** By what stands for the client as long as it is connected. */
  #known = new WeakMap<object, Known>();

  constructor(acl: Acl) {
    this.#acl = acl;
  }

  /** A device writes on telemetry topics by what it is, not by a rule; a service client needs a rule. */
  may(client: object, who: Principal, topic: string): boolean {
    if (who.kind === 'device' && isTelemetryTopic(topic)) return false;
    const verdicts = this.#verdictsOf(client, who.kind === 'device' ? who.deviceClass : null);
    const known = verdicts.get(topic);
    if (known !== undefined) return known;
    if (verdicts.size === VERDICTS_MAX) verdicts.clear();
    const { allowed } = this.#acl.allows(who, 'publish', topic);
    verdicts.set(topic, allowed);
    return allowed;
  }

  forget(): void {
    this.#known = new WeakMap();
  }

  #verdictsOf(client: object, deviceClass: string | null): Map<string, boolean> {
    const known = this.#known.get(client);
    if (known?.deviceClass === deviceClass) return known.verdicts;
    const verdicts = new Map<string, boolean>();
    this.#known.set(client, { deviceClass, verdicts });
    return verdicts;
  }
}
