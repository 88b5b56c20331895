import { type Role, rolesOf } from '../../contract/config.js';
import { choice, copies, fileProblems, type Setting, setting, text, type Values } from '../setting.js';

/** A topic's name has 249 characters at most; the names of topics and tenants take the rest of them. */
const TENANT_PREFIX_MAX = 120;

/** Settings of the log in Kafka and of the topics beside it. */
export const kafkaSettings: readonly Setting[] = [
  setting(
    'kafkaBrokers',
    'kafka_brokers',
    text.regex(/^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$/, 'it is no list of host:port'),
    undefined,
    'host:port, several with commas between them',
    'Brokers of the Kafka log to ask first; they name the others.',
  ),
  setting(
    'kafkaTopicPrefix',
    'kafka_topic_prefix',
    text.regex(/^[A-Za-z0-9._-]{1,200}$/, 'it holds a character that topics may not have'),
    undefined,
    '1 to 200 of A-Z a-z 0-9 . _ -',
    'Put before the names of topics, so that several deployments can share brokers.',
  ),
  setting(
    'kafkaReplicationFactor',
    'kafka_replication_factor',
    copies,
    undefined,
    'a whole number from 1 to 32',
    "Copies of each partition when Spillway makes the topic; absent: the brokers' default.",
  ),
  setting(
    'kafkaTopics',
    'kafka_topics',
    text.regex(/^(alerts|dead-letters|telemetry\.normalized)(,(alerts|dead-letters|telemetry\.normalized))*$/, 'it names something else'),
    undefined,
    'alerts, dead-letters and telemetry.normalized, one or several with commas between',
    'Further topics to publish: alerts; every dead letter once it is committed; every reading before it is; absent: none.',
  ),
  setting(
    'kafkaFormat',
    'kafka_format',
    choice('json', 'protobuf'),
    'json',
    'json or protobuf',
    'How records of these topics are written.',
  ),
  setting(
    'kafkaTenantTopics',
    'kafka_tenant_topics',
    choice('off', 'on'),
    'off',
    'off or on',
    'Whether each tenant has topics of its own for them: <topic>.<tenant>.',
  ),
  setting(
    'kafkaSecurity',
    'kafka_security',
    choice('plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl'),
    'plaintext',
    'plaintext, ssl, sasl_plaintext or sasl_ssl',
    'How brokers are spoken to: with TLS, with a user name, with both.',
  ),
  setting('kafkaCa', 'kafka_ca', text, undefined, 'a PEM file', "Authorities of the brokers' certificates; absent: those of the system."),
  setting('kafkaCert', 'kafka_cert', text, undefined, 'a PEM file', 'Certificate to show to the brokers.'),
  setting('kafkaKey', 'kafka_key', text, undefined, 'a PEM file', 'Private key of that certificate.'),
  setting(
    'kafkaSaslMechanism',
    'kafka_sasl_mechanism',
    choice('PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'),
    'SCRAM-SHA-512',
    'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512',
    'How the user name is proved.',
  ),
  setting('kafkaSaslUsername', 'kafka_sasl_username', text, undefined, 'a name', 'User name at the brokers.'),
  setting('kafkaSaslPassword', 'kafka_sasl_password', text, undefined, 'a password', 'Password of that user.'),
];

/** What the settings of the Kafka log say of each other, and whether their files can be read. */
export function kafkaProblems(config: Values): string[] {
  const problems: string[] = [];
  const needs = (name: string, because: string) => problems.push(`cannot use setting ${because} without ${name}`);
  if (config.log === 'kafka' && config.kafkaBrokers === undefined) needs('kafka_brokers', 'log = kafka');
  if (config.log !== 'kafka' && config.kafkaBrokers !== undefined) needs('log = kafka', 'kafka_brokers');
  if (config.log !== 'kafka' && config.kafkaTopics !== undefined) needs('log = kafka', 'kafka_topics');
  problems.push(...topicProblems(config));
  const isPart = !['gateway', 'pipeline', 'control'].every((role) => rolesOf(config).has(role as Role));
  if (isPart && config.log !== 'kafka') needs('log = kafka', `roles = ${String(config.roles)}`);
  if (isPart && config.databaseUrl === undefined) needs('database_url', `roles = ${String(config.roles)}`);
  if (String(config.kafkaSecurity).startsWith('sasl')) {
    if (config.kafkaSaslUsername === undefined) needs('kafka_sasl_username', `kafka_security = ${String(config.kafkaSecurity)}`);
    if (config.kafkaSaslPassword === undefined) needs('kafka_sasl_password', `kafka_security = ${String(config.kafkaSecurity)}`);
  }
  if ((config.kafkaCert === undefined) !== (config.kafkaKey === undefined)) {
    needs(...((config.kafkaCert === undefined ? ['kafka_cert', 'kafka_key'] : ['kafka_key', 'kafka_cert']) as [string, string]));
  }
  problems.push(...fileProblems(config, { kafkaCa: 'kafka_ca', kafkaCert: 'kafka_cert', kafkaKey: 'kafka_key' }));
  return problems;
}

/** What the settings of the topics beside the log say of each other. */
function topicProblems(config: Values): string[] {
  const problems: string[] = [];
  const isBare = config.kafkaTopics === undefined;
  if (isBare && config.kafkaFormat === 'protobuf') problems.push('cannot use setting kafka_format = protobuf without kafka_topics');
  if (config.kafkaTenantTopics !== 'on') return problems;
  if (isBare) problems.push('cannot use setting kafka_tenant_topics = on without kafka_topics');
  if (String(config.kafkaTopicPrefix ?? '').length > TENANT_PREFIX_MAX) {
    const cause = `its names of topics leave no room for those of tenants; allowed: ${TENANT_PREFIX_MAX} characters at most with kafka_tenant_topics = on`;
    problems.push(`cannot use setting kafka_topic_prefix: ${cause}`);
  }
  return problems;
}
