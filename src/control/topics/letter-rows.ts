import type { Database } from '../../contract/database.js';
import { type DeadLetter, type LetterRow, letterColumns, letterOf } from '../letters/dead-letter.js';

/** A partition, and up to which id its letters were published. */
export interface Position {
  readonly partition: number;
  readonly id: string;
}

export interface Waiting {
  readonly letters: number;
  /** When the oldest of them came in, ms of the Unix epoch. */
  readonly sinceMs: number | undefined;
}

/**
 * Dead letters in the order in which they were committed, and how far a topic is with them. Ids of one partition ascend
 * from commit to commit, because one process at a time commits it, a batch at a time; those of different partitions
 * do not: so a position is that of a partition.
 */
export class LetterRows {
  readonly #database: Database;
  readonly #topic: string;

  constructor(database: Database, topic: string) {
    this.#database = database;
    this.#topic = topic;
  }

  async positions(partitions: readonly number[]): Promise<Position[]> {
    const rows = await this.#database.run(
      (sql) => sql<{ partition_id: number; published_id: string }[]>`
      select partition_id, published_id::text from topic_positions where topic = ${this.#topic}`,
    );
    const ids = new Map(rows.map((row) => [row.partition_id, row.published_id]));
    return partitions.map((partition) => ({ partition, id: ids.get(partition) ?? '0' }));
  }

  async behind({ partition, id }: Position, limit: number): Promise<DeadLetter[]> {
    const rows = await this.#database.run(
      (sql) => sql<LetterRow[]>`select ${letterColumns(sql)} from dead_letters
      where partition_id = ${partition} and dead_letters.id > ${id}::bigint order by dead_letters.id limit ${limit}`,
    );
    return rows.map(letterOf);
  }

  /** All up to this id are in the topic. A process that lost the partition meanwhile does not move it back. */
  async move({ partition, id }: Position): Promise<void> {
    await this.#database.run(
      (sql) => sql`
      insert into topic_positions (topic, partition_id, published_id) values (${this.#topic}, ${partition}, ${id}::bigint)
      on conflict (topic, partition_id) do update
      set published_id = greatest(topic_positions.published_id, excluded.published_id), updated_at = now()`,
    );
  }

  async waiting({ partition, id }: Position): Promise<Waiting> {
    const [row] = await this.#database.run(
      (sql) => sql<{ letters: number; since: Date | null }[]>`
      select count(*)::int as letters, min(received_at) as since from dead_letters where partition_id = ${partition} and id > ${id}::bigint`,
    );
    return { letters: row?.letters ?? 0, sinceMs: row?.since?.getTime() };
  }
}
