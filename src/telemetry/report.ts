import type { ThreadEvent } from '../contract/threads/shared.js';

/** Reports an event of a thread to the operator's log. */
export type Report = (level: ThreadEvent['level'], name: string, fields: ThreadEvent['fields']) => void;
