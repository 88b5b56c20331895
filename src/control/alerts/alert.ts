export type Severity = 'warning' | 'critical';

/** One episode of a rule at a node: from when it was raised until it was cleared. */
export interface Alert {
  /** Unique, and the same for both ends of the episode. */
  readonly id: string;
  readonly rule: string;
  /** What of several things the rule speaks of; null: there is one. */
  readonly subject: string | null;
  readonly severity: Severity;
  /** The machine whose process raised it. */
  readonly node: string;
  /** What was found when it was raised. */
  readonly message: string;
  /** A call of the API that shows more of it. */
  readonly link: string | null;
  readonly raisedMs: number;
  /** null: it holds. */
  readonly clearedMs: number | null;
}

/** As the API and the topic write it. */
export function describeAlert({ id, rule, subject, severity, node, message, link, raisedMs, clearedMs }: Alert) {
  return {
    id,
    rule,
    subject,
    severity,
    state: clearedMs === null ? 'raised' : 'cleared',
    node,
    message,
    link,
    raised_at: new Date(raisedMs).toISOString(),
    cleared_at: clearedMs === null ? null : new Date(clearedMs).toISOString(),
  };
}
