import { BLOCK_BYTES_MAX } from '../../assembly/abi/limits.js';
import type { ClientConf, Rebalanced } from './client.js';

/** How to reach the brokers; what the operator set, files still as paths. */
export interface KafkaSettings {
  readonly brokers: string;
  /** Put before every topic's name. */
  readonly topicPrefix: string;
  readonly security: 'plaintext' | 'ssl' | 'sasl_plaintext' | 'sasl_ssl';
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly saslMechanism: string;
  readonly saslUsername: string | undefined;
  readonly saslPassword: string | undefined;
  /** Copies of each partition when the topic has to be made; absent: the brokers' default. */
  readonly replicationFactor: number | undefined;
  /** A process that is silent for so long loses its partitions to others. */
  readonly sessionSeconds: number;
  /** How long the first broker may take to answer; absent: 10 s. */
  readonly connectMsMax?: number;
  /** How long the topic keeps records when it has to be made. */
  readonly retentionHours: number;
}

export const RAW_TOPIC = 'telemetry.raw';
export const DEAD_LETTER_TOPIC = 'dead-letters';
export const ALERT_TOPIC = 'alerts';
export const NORMALIZED_TOPIC = 'telemetry.normalized';
/** MQTT messages that processes hand to one another. */
export const EXCHANGE_TOPIC = 'mqtt.exchange';
/** Bytes that may be on their way to the brokers and back. What is beyond waits in the gateways. */
export const OUTSTANDING_BYTES_MAX = 32 * 1024 * 1024;
/** For each second of the session: five heartbeats may be lost in a row before it ends. */
const HEARTBEAT_MS = 200;
const SIDE_MS_MAX = 20_000;
const FETCH_BYTES_MAX = 8 * 1024 * 1024;

export function rawTopic(settings: KafkaSettings): string {
  return settings.topicPrefix + RAW_TOPIC;
}

/** What producers, consumers and the admin client share. */
export function connectionConf(settings: KafkaSettings): ClientConf {
  const conf: Record<string, string | number | boolean> = {
    'metadata.broker.list': settings.brokers,
    'client.id': 'spillway',
    'security.protocol': settings.security,
    'reconnect.backoff.max.ms': 1000,
    'topic.metadata.refresh.interval.ms': 10_000,
    // Small and many, or large and few: neither waits for the other's acknowledgement.
    'socket.nagle.disable': true,
  };
  if (settings.ca !== undefined) conf['ssl.ca.location'] = settings.ca;
  if (settings.cert !== undefined) conf['ssl.certificate.location'] = settings.cert;
  if (settings.key !== undefined) conf['ssl.key.location'] = settings.key;
  if (settings.security.startsWith('sasl')) {
    conf['sasl.mechanisms'] = settings.saslMechanism;
    if (settings.saslUsername !== undefined) conf['sasl.username'] = settings.saslUsername;
    if (settings.saslPassword !== undefined) conf['sasl.password'] = settings.saslPassword;
  }
  return conf;
}

/**
 * A message is tried until it is written by all replicas that are in sync, or refused for good; and when one is
 * refused, none after it is written before it was tried again.
 */
export function producerConf(settings: KafkaSettings): ClientConf {
  return {
    ...connectionConf(settings),
    acks: -1,
    'enable.idempotence': true,
    'enable.gapless.guarantee': true,
    'message.timeout.ms': 0,
    'linger.ms': 0,
    'message.max.bytes': 4 * BLOCK_BYTES_MAX,
    'queue.buffering.max.kbytes': (2 * OUTSTANDING_BYTES_MAX) / 1024,
    dr_cb: true,
  };
}

/**
 * For records that their sender can send again: one that takes too long fails, and none after it is written, so
 * that records of a device keep their order when they are sent again.
 */
export function sideProducerConf(settings: KafkaSettings): ClientConf {
  return {
    ...connectionConf(settings),
    acks: -1,
    'enable.idempotence': true,
    'enable.gapless.guarantee': true,
    'message.timeout.ms': SIDE_MS_MAX,
    'linger.ms': 1,
    'compression.type': 'lz4',
    'message.max.bytes': 4 * BLOCK_BYTES_MAX,
    dr_cb: true,
  };
}

/** A place in the group of those that run pipelines. */
export interface Member {
  readonly group: string;
  /** Stays the same over restarts, so that a process that comes back has its partitions back at once. */
  readonly name: string;
}

export function consumerConf(settings: KafkaSettings, member: Member, rebalanced: Rebalanced): ClientConf {
  return {
    ...connectionConf(settings),
    // The database holds the offsets of the partitions, the group only their owners.
    'group.id': member.group,
    'group.instance.id': member.name,
    'session.timeout.ms': settings.sessionSeconds * 1000,
    'heartbeat.interval.ms': settings.sessionSeconds * HEARTBEAT_MS,
    rebalance_cb: rebalanced,
    'enable.auto.commit': false,
    'enable.auto.offset.store': false,
    'fetch.wait.max.ms': 500,
    'fetch.error.backoff.ms': 100,
    'fetch.max.bytes': FETCH_BYTES_MAX,
    'fetch.message.max.bytes': 4 * BLOCK_BYTES_MAX,
    'queued.max.messages.kbytes': FETCH_BYTES_MAX / 1024,
    'fetch.queue.backoff.ms': 10,
    'check.crcs': true,
    'isolation.level': 'read_committed',
  };
}

/** For a look at records that are there already; it joins no group. */
export function readerConf(settings: KafkaSettings, group: string): ClientConf {
  return {
    ...connectionConf(settings),
    'group.id': group,
    'enable.auto.commit': false,
    'enable.auto.offset.store': false,
    'enable.partition.eof': true,
    'fetch.wait.max.ms': 10,
    'fetch.message.max.bytes': 4 * BLOCK_BYTES_MAX,
    'isolation.level': 'read_committed',
  };
}

/** The brokers answer as soon as there is a record, and seldom without one. */
export function followerConf(settings: KafkaSettings, group: string): ClientConf {
  return { ...readerConf(settings, group), 'enable.partition.eof': false, 'fetch.wait.max.ms': 500, 'fetch.error.backoff.ms': 100 };
}

/** Where the offset asked for has expired, reading begins at the oldest record; the record dispatcher marks the gap. */
export const consumerTopicConf: ClientConf = { 'auto.offset.reset': 'earliest' };
