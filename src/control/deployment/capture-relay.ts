import { KIB } from '../../../assembly/abi/limits.js';
import type { CapturedMessage, TurnedAway } from '../../contract/captures.js';
import { partOf } from './capture-messages.js';
import { RELAY_EVERY_MS } from './live-relay.js';
import type { PeerMessage } from './messages.js';
import type { Peer } from './peers.js';

/** Bytes of payloads and texts of one bunch, beyond which messages are skipped and counted. */
const BUNCH_BYTES_MAX = 512 * KIB;
const TURNED_AWAY_MAX = 100;

type Bunch = Extract<PeerMessage, { kind: 'captured' }>;

export interface CaptureRelayOptions {
  readonly peers: () => ReadonlyMap<string, Pick<Peer, 'captures' | 'door'>>;
  /** False: it was not sent. */
  readonly send: (to: string, bunch: Bunch) => boolean;
}

/** Hands captured messages of this process's partitions, and clients that it turned away, to the processes that capture them. */
export class CaptureRelay {
  readonly #options: CaptureRelayOptions;
  readonly #pending = new Map<string, { bunch: Bunch; room: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CaptureRelayOptions) {
    this.#options = options;
  }

  captured(messages: readonly CapturedMessage[], skipped: number): void {
    for (const [origin, { captures }] of this.#options.peers()) {
      const wanted = messages.filter(({ device }) => captures.has(device));
      if (wanted.length === 0) continue;
      const pending = this.#of(origin);
      pending.bunch.skipped += skipped;
      for (const message of wanted) {
        const part = partOf(message);
        pending.room -= JSON.stringify(part).length;
        if (pending.room < 0) pending.bunch.skipped++;
        else pending.bunch.messages.push(part);
      }
    }
  }

  turnedAway(turnedAway: readonly TurnedAway[]): void {
    for (const [origin, { door }] of this.#options.peers()) {
      if (!door) continue;
      const { bunch } = this.#of(origin);
      bunch.turnedAway.push(...turnedAway.slice(0, TURNED_AWAY_MAX - bunch.turnedAway.length));
    }
  }

  flush(): void {
    this.close();
    // A bunch that is not sent is lost with the count of what it skipped: too much waits for the database.
    for (const [origin, { bunch }] of this.#pending) this.#options.send(origin, bunch);
    this.#pending.clear();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #of(origin: string) {
    const pending = this.#pending.get(origin) ?? {
      bunch: { kind: 'captured', messages: [], skipped: 0, turnedAway: [] },
      room: BUNCH_BYTES_MAX,
    };
    this.#pending.set(origin, pending);
    this.#timer ??= setTimeout(() => this.flush(), RELAY_EVERY_MS);
    return pending;
  }
}
