/** Aliases that one client is sent, however many it takes. */
const ALIASES_MAX = 64;

/** What a PUBLISH says in place of its topic, or beside it. MQTT 5 §3.3.2.3.4. */
export interface TopicAlias {
  readonly number: number;
  /** The client has it, so the packet needs no topic. */
  readonly isKnown: boolean;
}

/** Aliases of the topics that one connection is sent: the first of them have one, as long as the connection lasts. */
export class TopicAliases {
  readonly #max: number;
  readonly #numbers = new Map<string, number>();

  /** `clientMax`: the client's Topic Alias Maximum [MQTT-3.1.2-26]. */
  constructor(clientMax: number) {
    this.#max = Math.min(clientMax, ALIASES_MAX);
  }

  /** The alias of a topic; undefined: it has none. */
  of(topic: string): TopicAlias | undefined {
    const number = this.#numbers.get(topic);
    if (number !== undefined) return { number, isKnown: true };
    return this.#numbers.size < this.#max ? { number: this.#numbers.size + 1, isKnown: false } : undefined;
  }

  /** The client is sent a message on the topic, with what `of` has answered. */
  sent(topic: string, alias: TopicAlias | undefined): void {
    if (alias && !alias.isKnown) this.#numbers.set(topic, alias.number);
  }
}
