/** Tables of the store; every key is a whole number, given by the broker. */
export const SESSIONS = 0;
/** Messages that wait for a client or are under way to it. Their keys count up, which is their order. */
export const ENTRIES = 1;
/** Bodies, once for all entries that name them. */
export const MESSAGES = 2;
export const RETAINED = 3;
/** Ids of QoS 2 messages that were taken in from clients and not released. */
export const TAKEN = 4;
/** Batches for other processes that were perhaps not sent, by their sequence. */
export const OUTGOING = 5;
/** Filters of other processes' clients. */
export const INTERESTS = 6;
/** How far the exchange with other processes was read: one record. */
export const PLACE = 7;
export const PLACE_KEY = 1;
export const TABLES = 8;

export interface Change {
  readonly table: number;
  readonly key: number;
  /** undefined: the key goes. */
  readonly value: Uint8Array | undefined;
}

/** Where sessions outlive the process. */
export interface Store {
  /** False: nothing is kept, and nobody needs to wait. */
  readonly isDurable: boolean;
  /** Makes all changes or none. Fulfilled once they survive a loss of power; rejected where the disk does not take them. */
  write(changes: readonly Change[]): Promise<void>;
  read(table: number, key: number): Uint8Array | undefined;
  /** In the order of keys. */
  entries(table: number): Iterable<readonly [key: number, value: Uint8Array]>;
  close(): Promise<void>;
}

/** Without a folder: sessions end with the process. */
export const noStore: Store = {
  isDurable: false,
  write: () => Promise.resolve(),
  read: () => undefined,
  entries: () => [],
  close: () => Promise.resolve(),
};
