import type { KeyCheck } from '../../http/auth.js';
import type { Part } from '../part.js';
import type { PublishEvent } from '../topics/publish-loop.js';
import { publishAlerts, type TopicConnection } from '../topics/publishers.js';
import type { RecordFormat } from '../topics/topic-record.js';
import { AlertBook, type AlertBookOptions } from './alert-book.js';
import { Alerts } from './alerts.js';
import { alertMetrics } from './metrics.js';
import { alertRoutes } from './routes.js';
import type { Rule, SubjectRule } from './rule.js';

export interface AlertsPartOptions extends Pick<AlertBookOptions, 'keeper'> {
  /** Of every part. */
  readonly rules: readonly (Rule | SubjectRule)[];
  /** Names this machine. */
  readonly node: string;
  readonly keys: KeyCheck;
  /** Where changes are published; undefined: the topic is not named. */
  readonly port: TopicConnection | undefined;
  readonly format: RecordFormat;
  readonly event: AlertBookOptions['event'] & PublishEvent;
}

/** Raises what an operator has to know at once, and publishes it where the topic is named. */
export function alertsPart({ rules, keeper, node, keys, port, format, event }: AlertsPartOptions) {
  const book = new AlertBook({ keeper, isPublished: port !== undefined, event });
  const alerts = new Alerts({ rules, book, node });
  const topic = port && publishAlerts({ port, outbox: book, format, event });
  return {
    alerts,
    routes: alertRoutes(alerts, keys),
    metrics: alertMetrics(alerts),
    topicLags: () => topic?.topicLags() ?? [],
    open: async () => topic?.open(),
    close: async () => {
      await topic?.close();
      alerts.close();
    },
  } satisfies Part & { alerts: Alerts };
}
