import type { Acl, Principal } from '../../contract/acl/acl.js';
import { isTelemetryTopic } from '../../contract/topic-rules/own-topics.js';

/** More verdicts than these are not remembered. */
const VERDICTS_MAX = 50_000;

/** Who may publish on which topics by a rule, remembered until rules change. */
export class PublishRights {
  readonly #acl: Acl;
  readonly #verdicts = new Map<string, boolean>();

  constructor(acl: Acl) {
    this.#acl = acl;
  }

  /** A device writes on telemetry topics by what it is, not by a rule; a service client needs a rule. */
  may(who: Principal, topic: string): boolean {
    if (who.kind === 'device' && isTelemetryTopic(topic)) return false;
    const ofClass = who.kind === 'device' ? who.deviceClass : null;
    const key = `${who.kind}\0${who.tenant}\0${who.name}\0${ofClass ?? ''}\0${topic}`;
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    if (this.#verdicts.size === VERDICTS_MAX) this.#verdicts.clear();
    const { allowed } = this.#acl.allows(who, 'publish', topic);
    this.#verdicts.set(key, allowed);
    return allowed;
  }

  forget(): void {
    this.#verdicts.clear();
  }
}
