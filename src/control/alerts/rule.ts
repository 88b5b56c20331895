import type { Severity } from './alert.js';

/** What holds for so long has come to stay. */
export const LASTING_MS = 10_000;

/** Something that must not be, and how long it may be before somebody is called; deploy/RUNBOOK.md lists all of them. */
export interface Rule {
  readonly name: string;
  readonly severity: Severity;
  readonly raiseAfterMs: number;
  readonly clearAfterMs: number;
  /** What is wrong now; undefined: nothing. Asked once a look. */
  find(): string | undefined;
}
