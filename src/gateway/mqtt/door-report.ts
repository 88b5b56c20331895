import type { IConnectPacket } from 'mqtt-packet';
import type { FromGateway } from '../../contract/threads/gateway.js';
import type { Directory } from '../directory.js';
import { claimOf, devicesOf } from './sign-in.js';

/** Reports a second. Whoever is turned away more often is seen among these. */
const REPORTS_MAX = 50;
/** Of a name that a client gives. */
const NAME_MAX = 256;

/** Reports clients that are turned away, while somebody wants to know. What they show as a token is not in it. */
export class DoorReport {
  isWanted = false;
  readonly #directory: Directory;
  readonly #post: (message: FromGateway) => void;
  #second = 0;
  #reports = 0;

  constructor(directory: Directory, post: (message: FromGateway) => void) {
    this.#directory = directory;
    this.#post = post;
  }

  turnedAway(packet: IConnectPacket, code: number, atMs: number): void {
    if (!this.isWanted) return;
    const second = Math.floor(atMs / 1000);
    if (second !== this.#second) [this.#second, this.#reports] = [second, 0];
    if (++this.#reports > REPORTS_MAX) return;
    const { tenant, id } = claimOf(packet, devicesOf(this.#directory));
    this.#post({ kind: 'turned-away', tenant: tenant.slice(0, NAME_MAX), id: id.slice(0, NAME_MAX), code, atMs });
  }
}
