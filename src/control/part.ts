import type { Role } from '../config/settings/process.js';
import type { Route } from '../http/router.js';
import type { Metric } from '../telemetry/metric.js';
import type { Rule, SubjectRule } from './alerts/rule.js';
import type { TopicLag } from './topics/topic-record.js';

/** What a subject adds to its process. The list of the parts is all that the rest of the program knows of subjects. */
export interface Part {
  readonly routes?: readonly Route[];
  /** Whose processes answer the calls; absent: all. */
  readonly role?: Role;
  readonly metrics?: readonly Metric[];
  /** What raises an alert. */
  readonly rules?: readonly (Rule | SubjectRule)[];
  /** How far the topics are that it publishes. */
  readonly topicLags?: () => readonly TopicLag[];
  /** Begins what runs by itself; rejects when it cannot. */
  open?(): Promise<void>;
  /** Ends it, whether it was opened or not. */
  close?(): Promise<void>;
}
