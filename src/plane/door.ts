import type { TurnedAway } from '../contract/captures.js';
import type { Gateways } from './gateways.js';
import { RefusedTopics } from './refused-topics.js';

export type TurnedAwayListener = (turnedAway: readonly TurnedAway[]) => void;

/** How often the gateways' memory is looked at for refused messages, ms. */
const LOOK_MS = 250;

/** Reports who is turned away, and which messages are refused before the log, while somebody wants to know. */
export class Door {
  readonly #gateways: Gateways;
  readonly #refused: RefusedTopics;
  readonly #listeners: TurnedAwayListener[] = [];
  #watches = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(gateways: Gateways) {
    this.#gateways = gateways;
    this.#refused = new RefusedTopics(gateways.memories);
    gateways.onTurnedAway((one) => this.#tell([one]));
  }

  onTurnedAway(listener: TurnedAwayListener): void {
    this.#listeners.push(listener);
  }

  /** One that was turned away elsewhere. */
  note(turnedAway: TurnedAway): void {
    this.#tell([turnedAway]);
  }

  /** Counted. */
  watch(on: boolean): void {
    this.#watches += on ? 1 : -1;
    if (this.#watches !== (on ? 1 : 0)) return;
    this.#gateways.watchDoor(on);
    this.close();
    if (!on) return;
    // What was refused before is nobody's news.
    this.#look();
    this.#timer = setInterval(() => this.#tell(this.#look()), LOOK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): TurnedAway[] {
    const atMs = Date.now();
    return Array.from(this.#refused.news(), ({ device, code, topic }) => ({ atMs, transport: 'mqtt', device, code, topic }));
  }

  #tell(turnedAway: readonly TurnedAway[]): void {
    if (this.#watches === 0 || turnedAway.length === 0) return;
    for (const listener of this.#listeners) listener(turnedAway);
  }
}
