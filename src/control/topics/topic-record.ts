/** How records of topics are written; deploy/kafka/records.proto has the messages. */
export type RecordFormat = 'json' | 'protobuf';

export interface TopicRecord {
  /** Records of one key keep their order. Null: nobody knows any more whose it is. */
  readonly key: string | null;
  /** Where tenants have topics of their own, whose it goes to; null: to the topic of all. */
  readonly tenant: string | null;
  readonly value: Buffer;
}

/** Where records go. `send` resolves when all of them are safe there, and rejects when one may not be. */
export interface TopicPort {
  send(records: readonly TopicRecord[]): Promise<void>;
}

/** How far a topic is with what one partition of the log has brought, or this process itself. */
export interface TopicLag {
  readonly topic: string;
  /** Undefined: its records come from no partition. */
  readonly partition: number | undefined;
  /** All dead letters up to this id are in the topic; undefined: it has none. */
  readonly publishedId: string | undefined;
  /** The readings of all blocks up to this offset are in the topic; undefined: none since the start, or it has no readings. */
  readonly publishedOffset: string | undefined;
  readonly waiting: number;
  readonly lagMs: number;
}

/** Of a device that is known: the records of one keep their order. */
export function keyOf({ tenant, id }: { readonly tenant: string; readonly id: string }): string {
  return `${tenant}/${id}`;
}
