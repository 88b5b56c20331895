import { hostname } from 'node:os';
import type { Config } from '../config/table.js';
import { AlertBook } from '../control/alerts/alert-book.js';
import { Alerts } from '../control/alerts/alerts.js';
import type { Ledger } from '../control/ledger/ledger.js';
import { nodeRules } from '../control/plane/alerts.js';
import type { Services } from '../control/services.js';
import { namesIn, PublishedReadings, publishAlerts, publishDeadLetters } from '../control/topics/publishers.js';
import { ALERT_TOPIC, DEAD_LETTER_TOPIC, type KafkaSettings, NORMALIZED_TOPIC } from '../kafka/conf.js';
import { SideTopic } from '../kafka/side-topic.js';
import type { ThreadedDataPlane } from '../plane/data-plane.js';
import { AtomicTextFile } from '../state/atomic-text-file.js';
import { batchRows } from '../store/write/batch-rows.js';
import { partitionsHere } from './data-plane.js';
import type { StartContext } from './start-context.js';

/** Tells what an operator has to know at once, and publishes it where the topic is named. */
export function raiseAlerts({ config, choice, cleanups, event }: StartContext, plane: ThreadedDataPlane, ledger: Ledger) {
  const port = choice.kafka && sideTopic(config, choice.kafka, ALERT_TOPIC);
  const book = new AlertBook({ keeper: new AtomicTextFile(config.process.stateFolder, 'alerts'), isPublished: port !== undefined, event });
  const alerts = new Alerts({ rules: nodeRules({ plane, ledger }), book, node: hostname() });
  cleanups.push(async () => alerts.close());
  const published = port && publishAlerts({ port, outbox: book, format: config.kafka.format, event });
  if (published) cleanups.push(published.close);
  return { alerts, alertLag: () => published?.lag ?? [] };
}

type LettersParts = Pick<Services, 'registry' | 'metricNames'> & { readonly plane: ThreadedDataPlane };

/** Undefined: the topic is not named. */
export function publishLetters(
  { config, choice, database, cleanups, event }: StartContext,
  { plane, registry, metricNames }: LettersParts,
) {
  const port = choice.kafka && sideTopic(config, choice.kafka, DEAD_LETTER_TOPIC);
  if (!port) return undefined;
  const names = namesIn(registry, metricNames);
  const letters = publishDeadLetters({
    port,
    database,
    format: config.kafka.format,
    names,
    partitions: () => partitionsHere(plane),
    event,
  });
  cleanups.push(letters.close);
  return letters;
}

/** Undefined: the topic is not named. */
export function publishReadings({ config, choice, cleanups, event }: StartContext) {
  const port = choice.kafka && sideTopic(config, choice.kafka, NORMALIZED_TOPIC);
  if (!port) return undefined;
  // It ends behind the data plane, which publishes until its own end.
  cleanups.push(() => port.close());
  return new PublishedReadings({ port, format: config.kafka.format, rows: batchRows, event });
}

function sideTopic(config: Config, settings: KafkaSettings, name: string): SideTopic | undefined {
  if (!config.kafka.topics?.split(',').includes(name)) return undefined;
  const topic = settings.topicPrefix + name;
  return new SideTopic({ settings, topic, partitions: config.log.partitions, byTenant: config.kafka.tenantTopics === 'on' });
}
