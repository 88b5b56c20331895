import type { ThreadEvent } from '../contract/threads/shared.js';

/** Reports an event to the operator's log. A room names the events of its table: `Report<keyof typeof kafkaEvents>`. */
export type Report<Name extends string = string> = (level: ThreadEvent['level'], name: Name, fields: ThreadEvent['fields']) => void;
