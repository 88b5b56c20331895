import type { MetricNames } from '../control/metrics/metric-names.js';
import type { Registry } from '../control/registry/registry.js';
import { namesIn, PublishedReadings, publishDeadLetters, type TopicPart } from '../control/topics/publishers.js';
import { DEAD_LETTER_TOPIC, NORMALIZED_TOPIC } from '../kafka/conf.js';
import { SideTopic } from '../kafka/side-topic.js';
import type { ThreadedDataPlane } from '../plane/data-plane.js';
import { batchRows } from '../store/write/batch-rows.js';
import { partitionsHere } from './data-plane.js';
import type { StartContext } from './start-context.js';

interface Sources {
  readonly plane: ThreadedDataPlane;
  readonly registry: Registry;
  readonly metricNames: MetricNames;
}

/** Undefined: the topic is not named. */
export function publishLetters(context: StartContext, { plane, registry, metricNames }: Sources): TopicPart | undefined {
  const { config, database, event } = context;
  const port = sideTopic(context, DEAD_LETTER_TOPIC);
  const names = namesIn(registry, metricNames);
  const partitions = () => partitionsHere(plane);
  return port && publishDeadLetters({ port, database, format: config.kafka.format, names, partitions, event });
}

/** Undefined: the topic is not named. */
export function publishReadings(context: StartContext): PublishedReadings | undefined {
  const { config, cleanups, event } = context;
  const port = sideTopic(context, NORMALIZED_TOPIC);
  if (!port) return undefined;
  // It ends after the data plane, which publishes until its own end.
  cleanups.push(() => port.close());
  return new PublishedReadings({ port, format: config.kafka.format, rows: batchRows, event });
}

/** The whole name of a topic beside the log. Undefined: it is not named, or the log is not in Kafka. */
export function topicName({ config, choice: { kafka } }: StartContext, name: string): string | undefined {
  return kafka && config.kafka.topics?.split(',').includes(name) ? kafka.topicPrefix + name : undefined;
}

/** Undefined: as of its name. */
export function sideTopic(context: StartContext, name: string): SideTopic | undefined {
  const { config, choice } = context;
  const topic = topicName(context, name);
  if (!choice.kafka || topic === undefined) return undefined;
  return new SideTopic({ settings: choice.kafka, topic, partitions: config.log.partitions, byTenant: config.kafka.tenantTopics === 'on' });
}
