import type { ThreadEvent } from '../contract/threads/shared.js';

/** What an operator has to know about an event of the log. */
export interface EventDescription {
  /** Several where the same event is worse at one time than at another. */
  readonly level: ThreadEvent['level'] | readonly ThreadEvent['level'][];
  readonly happened: string;
  readonly action: string;
}

/** The events of one room by name, described where they are reported; deploy/RUNBOOK.md is printed from these tables. */
export type EventTable = Readonly<Record<string, EventDescription>>;
