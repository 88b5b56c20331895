import type { Severity } from './alert.js';

/** What holds for so long has come to stay. */
export const LASTING_MS = 10_000;

interface RuleHead {
  readonly name: string;
  readonly severity: Severity;
  readonly raiseAfterMs: number;
  readonly clearAfterMs: number;
}

/** Something that must not be, and how long it may be before somebody is called; deploy/RUNBOOK.md lists all of them. */
export interface Rule extends RuleHead {
  /** What is wrong now; undefined: nothing. Asked once a look. */
  find(): string | undefined;
}

/** Something that may be wrong with several subjects, each of which has an alert of its own. */
export interface SubjectRule extends RuleHead {
  /** What is wrong now, by subject. Few: each is an alert. Asked once a look. */
  findEach(): ReadonlyMap<string, Finding>;
}

export interface Finding {
  readonly message: string;
  /** A call of the API that shows more of it. */
  readonly link?: string;
}
