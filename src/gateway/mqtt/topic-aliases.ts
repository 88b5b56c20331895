/** Aliases that one client is sent, and topics of which it is known that they came once. */
const ALIASES_MAX = 64;
const SEEN_MAX = 256;

/** What a PUBLISH says in place of its topic, or beside it. MQTT 5 §3.3.2.3.4. */
export interface TopicAlias {
  readonly number: number;
  /** The client has it, so the packet needs no topic. */
  readonly isKnown: boolean;
}

/** Aliases of the topics that one connection is sent more than once: the first of them keep theirs. */
export class TopicAliases {
  readonly #max: number;
  readonly #numbers = new Map<string, number>();
  readonly #seen = new Set<string>();

  /** `clientMax`: the client's Topic Alias Maximum [MQTT-3.1.2-26]. */
  constructor(clientMax: number) {
    this.#max = Math.min(clientMax, ALIASES_MAX);
  }

  /** The alias of a topic; undefined: it has none, and nobody knows yet that it repeats. */
  of(topic: string): TopicAlias | undefined {
    const number = this.#numbers.get(topic);
    if (number !== undefined) return { number, isKnown: true };
    return this.#numbers.size < this.#max && this.#seen.has(topic) ? { number: this.#numbers.size + 1, isKnown: false } : undefined;
  }

  /** The client is sent a message on the topic, with what `of` has answered. */
  sent(topic: string, alias: TopicAlias | undefined): void {
    if (alias?.isKnown || (!alias && this.#numbers.size === this.#max)) return;
    if (alias) {
      this.#numbers.set(topic, alias.number);
      this.#seen.delete(topic);
      return;
    }
    if (this.#seen.size === SEEN_MAX) this.#seen.clear();
    this.#seen.add(topic);
  }
}
