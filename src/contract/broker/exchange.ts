/** What processes of a deployment hand to one another, in one order that is the same for all. */
export interface ExchangeRecord {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The way between the brokers of several processes. */
export interface MessageExchange {
  /** Resolves once the record survives the loss of a machine; it is tried until then. One at a time. */
  send(bytes: Uint8Array): Promise<void>;
  /**
   * Reads all records of all processes from `from` on, or from the oldest that is left. `take` gets them in order, and the next ones once
   * it resolves; `current` is called once, when it has got the records that the topic held when reading began.
   */
  read(from: number, take: (records: readonly ExchangeRecord[]) => Promise<void>, current: () => void): void;
  close(): Promise<void>;
}
