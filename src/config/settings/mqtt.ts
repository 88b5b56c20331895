import type { BrokerLimits } from '../../contract/broker/session-views.js';
import { choice, setting, type ValuesOf, whole } from '../setting.js';

const KIB = 1024;
const MIB = KIB * KIB;
const HOUR_SECONDS = 3600;
const COUNT_HIGHEST = 100_000_000;
const NEWEST_GO = 'A message that finds no room is left out, counted and reported.';

/** What MQTT sessions may keep. */
export const mqttSettings = {
  acrossProcesses: setting('mqtt_across_processes', choice('off', 'on'), {
    fallback: 'off',
    what: '`on`: MQTT messages reach subscribers at all processes of the deployment, by the topic `mqtt.exchange` of Kafka. Set it for all of them.',
  }),
  sessionsMax: setting('mqtt_sessions_max', whole(1, COUNT_HIGHEST), {
    fallback: 1_000_000,
    what: 'MQTT sessions of a process, connected or not. A client that would be one more is refused (`sessions_exhausted`).',
  }),
  sessionHours: setting('mqtt_session_hours', whole(0, 876_000, 'hours'), {
    fallback: 720,
    what: 'Longest time that a session outlives its connection, whatever its client asks for. 0: no session does.',
  }),
  subscriptionsMax: setting('mqtt_subscriptions_per_client', whole(1, 100_000), {
    fallback: 100,
    what: 'Subscriptions of one client. One more is refused in SUBACK (0x97).',
  }),
  queueMessages: setting('mqtt_queue_messages', whole(0, COUNT_HIGHEST), {
    fallback: 1000,
    what: `Messages at QoS 1 and 2 that are kept for one client, those under way to it included. ${NEWEST_GO}`,
  }),
  queueKib: setting('mqtt_queue_kib', whole(1, COUNT_HIGHEST, 'KiB'), {
    fallback: 4096,
    what: `KiB of such messages for one client. ${NEWEST_GO}`,
  }),
  queueTenantMib: setting('mqtt_queue_tenant_mib', whole(1, COUNT_HIGHEST, 'MiB'), {
    fallback: 1024,
    what: `MiB of such messages for all clients of a tenant. ${NEWEST_GO}`,
  }),
  inFlightMax: setting('mqtt_in_flight', whole(1, 65_535), {
    fallback: 100,
    what: 'Messages at QoS 1 and 2 that a client is sent before it has answered the first of them. Its Receive Maximum lowers it.',
  }),
  retainedMax: setting('mqtt_retained_tenant_max', whole(0, COUNT_HIGHEST), {
    fallback: 100_000,
    what: 'Retained messages of a tenant. A message on one more topic is delivered, but not retained; it is counted and reported.',
  }),
  retainedMib: setting('mqtt_retained_tenant_mib', whole(1, COUNT_HIGHEST, 'MiB'), {
    fallback: 256,
    what: 'MiB of retained messages of a tenant.',
  }),
};

export type MqttConfig = ValuesOf<typeof mqttSettings>;

export function brokerLimits(config: MqttConfig): BrokerLimits {
  return {
    sessionsMax: config.sessionsMax,
    expirySecondsMax: config.sessionHours * HOUR_SECONDS,
    subscriptionsPerClientMax: config.subscriptionsMax,
    queuedPerClientMax: config.queueMessages,
    queuedBytesPerClientMax: config.queueKib * KIB,
    queuedBytesPerTenantMax: config.queueTenantMib * MIB,
    inFlightPerClientMax: config.inFlightMax,
    retainedPerTenantMax: config.retainedMax,
    retainedBytesPerTenantMax: config.retainedMib * MIB,
  };
}
