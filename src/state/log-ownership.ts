import type { LoggedOwner, LogOwner, LogOwnership } from '../contract/log-owner.js';
import type { StartFailure } from '../contract/start-failure.js';
import type { LogMark, LogMarkFile } from './log-mark.js';
import { type LogPlace, mismatch } from './log-mismatch.js';

/** Says of records of a shared log whose they are, by the mark in the state folder. */
export class MarkedOwnership implements LogOwnership {
  readonly #mark: LogMarkFile;
  readonly #place: LogPlace;

  constructor(mark: LogMarkFile, place: LogPlace) {
    this.#mark = mark;
    this.#place = place;
  }

  /** A mark that was paired with a database. */
  get current(): LogOwner {
    const { last } = this.#mark;
    if (!isPaired(last)) throw new Error('the mark is used before a database was paired with it');
    return last;
  }

  refusalOf(record: LoggedOwner): StartFailure | undefined {
    const { current } = this;
    if (isOf(record.owner, current)) return undefined;
    noteRefused(this.#mark, record);
    return mismatch(this.#place, whoseIs(record), { id: current.database, devices: current.devices });
  }
}

function isPaired(mark: LogMark): mark is LogMark & { readonly database: string } {
  return mark.database !== null;
}

/** Whether records of `owner` may be run where those of `current` are. */
export function isOf(owner: LogOwner, { database, adopted }: Pick<LogOwner, 'database' | 'adopted'>): boolean {
  return owner.database === database || adopted.includes(owner.database);
}

export function whoseIs({ owner, partition, offset }: LoggedOwner): string {
  return `its record ${offset} of partition ${partition} is of database ${owner.database}`;
}

/** Keeps for `log adopt` what it would take over. */
export function noteRefused(mark: LogMarkFile, { owner }: LoggedOwner): void {
  const last = mark.read() ?? { database: null, devices: 0, metrics: 0, adopted: [], refused: [] };
  mark.write({ ...last, refused: [...last.refused.filter(({ database }) => database !== owner.database), owner] });
}
