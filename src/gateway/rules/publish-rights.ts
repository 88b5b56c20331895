import type { Acl, Principal } from '../../contract/acl/acl.js';
import { isTelemetryTopic } from '../../contract/topic-rules/own-topics.js';

/** More verdicts than these are not remembered. */
const VERDICTS_MAX = 50_000;

/** Who may publish messages for subscribers on which topics, remembered until rules change. */
export class PublishRights {
  readonly #acl: Acl;
  readonly #verdicts = new Map<string, boolean>();

  constructor(acl: Acl) {
    this.#acl = acl;
  }

  /** Telemetry topics carry what devices measure: nobody else may write there. */
  may(who: Principal, topic: string): boolean {
    if (isTelemetryTopic(topic)) return false;
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
