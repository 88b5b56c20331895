import type { DialectName } from '../dialect.js';

/**
 * One step of the schema. A step that was released is never edited: what it makes is what databases out there have, and a later
 * step corrects it. So it is text of its own and calls no code that may change.
 */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /** The statements, by dialect of the tables; absent: this dialect needs none. They run in one transaction with the step's row. */
  readonly statements: Readonly<Partial<Record<DialectName, string>>>;
}

/** Statements that are the same in both dialects. */
export function inBoth(statements: string): Migration['statements'] {
  return { postgres: statements, timescale: statements };
}
