import { choice, matching, pem, setting, text, type ValuesOf, whole } from '../setting.js';
import type { Values } from '../values.js';
import { isPart } from './process.js';

/** A topic's name has 249 characters at most; the names of topics and tenants take the rest of them. */
const TENANT_PREFIX_MAX = 120;

/** The log in Kafka and the topics beside it. */
export const kafkaSettings = {
  brokers: setting(
    'kafka_brokers',
    matching(/^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$/, 'must be a list of host:port', 'host:port, several with commas between them'),
    { what: 'Kafka brokers to ask first, `host:port` with commas between them; they name the others.' },
  ),
  topicPrefix: setting(
    'kafka_topic_prefix',
    matching(/^[A-Za-z0-9._-]{1,200}$/, 'has a character that topics may not have', '1 to 200 of A-Z a-z 0-9 . _ -'),
    { what: 'Put before the names of topics, so that several deployments can share brokers.' },
  ),
  replicationFactor: setting('kafka_replication_factor', whole(1, 32), {
    shownDefault: "the brokers' default",
    what: 'Copies of each partition when Spillway makes the topic.',
  }),
  sessionSeconds: setting('kafka_session_seconds', whole(1, 300, 'seconds'), {
    fallback: 10,
    what: 'How long a process may be silent before the consumer group gives its partitions to others. Brokers refuse less than their `group.min.session.timeout.ms`, 6 s by default.',
  }),
  topics: setting(
    'kafka_topics',
    matching(
      /^(alerts|dead-letters|telemetry\.normalized)(,(alerts|dead-letters|telemetry\.normalized))*$/,
      'has an unknown topic in its list',
      'alerts, dead-letters and telemetry.normalized, one or several with commas between',
    ),
    {
      what: 'Further topics to publish, with commas between: `alerts`; `dead-letters`, every dead letter once it is committed; `telemetry.normalized`, every reading before it is.',
    },
  ),
  format: setting('kafka_format', choice('json', 'protobuf'), {
    fallback: 'json',
    what: '`json` or `protobuf`: how records of these topics are written.',
  }),
  tenantTopics: setting('kafka_tenant_topics', choice('off', 'on'), {
    fallback: 'off',
    what: '`on`: each tenant has topics of its own for them, `<topic>.<tenant>`.',
  }),
  security: setting('kafka_security', choice('plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl'), {
    fallback: 'plaintext',
    what: '`plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`.',
  }),
  ca: setting('kafka_ca', pem, { shownDefault: "the system's", what: "PEM file: authorities of the brokers' certificates." }),
  cert: setting('kafka_cert', pem, { what: 'PEM file: certificate to show to the brokers; takes `SPILLWAY_KAFKA_KEY` along.' }),
  key: setting('kafka_key', pem, { what: 'PEM file: its private key.' }),
  saslMechanism: setting('kafka_sasl_mechanism', choice('PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'), {
    fallback: 'SCRAM-SHA-512',
    what: '`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.',
  }),
  saslUsername: setting('kafka_sasl_username', text('a name'), { what: 'User name at the brokers.' }),
  saslPassword: setting('kafka_sasl_password', { ...text('a password'), is: 'secret' }, { what: 'Password of that user.' }),
};

export type KafkaConfig = ValuesOf<typeof kafkaSettings>;

/** What these settings say of each other, of the log and of the roles. */
export function kafkaProblems({ kafka, log, mqtt, process, store }: Values): string[] {
  const problems: string[] = [];
  const needs = (name: string, because: string) => problems.push(`cannot use setting ${because} without ${name}`);
  if (log.kind === 'kafka' && kafka.brokers === undefined) needs('kafka_brokers', 'log = kafka');
  if (log.kind !== 'kafka' && kafka.brokers !== undefined) needs('log = kafka', 'kafka_brokers');
  if (log.kind !== 'kafka' && kafka.topics !== undefined) needs('log = kafka', 'kafka_topics');
  if (log.kind !== 'kafka' && mqtt.acrossProcesses === 'on') needs('log = kafka', 'mqtt_across_processes = on');
  problems.push(...topicProblems(kafka));
  if (isPart(process) && log.kind !== 'kafka') needs('log = kafka', `roles = ${String(process.roles)}`);
  if (isPart(process) && store.databaseUrl === undefined) needs('database_url', `roles = ${String(process.roles)}`);
  if (String(kafka.security).startsWith('sasl')) {
    if (kafka.saslUsername === undefined) needs('kafka_sasl_username', `kafka_security = ${String(kafka.security)}`);
    if (kafka.saslPassword === undefined) needs('kafka_sasl_password', `kafka_security = ${String(kafka.security)}`);
  }
  if (kafka.cert === undefined && kafka.key !== undefined) needs('kafka_cert', 'kafka_key');
  if (kafka.key === undefined && kafka.cert !== undefined) needs('kafka_key', 'kafka_cert');
  return problems;
}

/** What the settings of the topics beside the log say of each other. */
function topicProblems(kafka: Values['kafka']): string[] {
  const problems: string[] = [];
  const isBare = kafka.topics === undefined;
  if (isBare && kafka.format === 'protobuf') problems.push('cannot use setting kafka_format = protobuf without kafka_topics');
  if (kafka.tenantTopics !== 'on') return problems;
  if (isBare) problems.push('cannot use setting kafka_tenant_topics = on without kafka_topics');
  if (String(kafka.topicPrefix ?? '').length > TENANT_PREFIX_MAX) {
    const cause = `it leaves no room for the names of tenants; allowed: ${TENANT_PREFIX_MAX} characters at most with kafka_tenant_topics = on`;
    problems.push(`cannot use setting kafka_topic_prefix: ${cause}`);
  }
  return problems;
}
