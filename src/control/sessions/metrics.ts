import type { BrokerCounts } from '../../contract/broker/session-views.js';
import type { DataPlane } from '../../contract/data-plane.js';
import { counter, gauge, type Metric } from '../../telemetry/metric.js';

type Plane = Pick<DataPlane, 'brokerCounts' | 'counters'>;

/** What the broker counts, a second old at most. */
export function sessionMetrics(plane: Plane): Metric[] {
  const now = (name: string, help: string, read: (counts: BrokerCounts) => number) => gauge(name, help, () => read(plane.brokerCounts()));
  const total = (name: string, help: string, read: (counts: BrokerCounts) => number) =>
    counter(name, help, () => read(plane.brokerCounts()));
  return [
    now('spillway_mqtt_sessions', 'MQTT sessions of this process, connected or not', (c) => c.sessionsNow),
    now('spillway_mqtt_sessions_connected', 'Those that are connected', (c) => c.connectedNow),
    now('spillway_mqtt_subscriptions', 'Subscriptions of them', (c) => c.subscriptionsNow),
    total(
      'spillway_mqtt_subscriptions_revoked_total',
      'Subscriptions that were removed because rules no longer allowed them',
      (c) => c.subscriptionsRevoked,
    ),
    now('spillway_mqtt_queued_messages', 'Messages at QoS 1 and 2 that wait for clients or are under way to them', (c) => c.queuedNow),
    now('spillway_mqtt_queued_bytes', 'Bytes of those messages', (c) => c.queuedBytesNow),
    now('spillway_mqtt_retained_messages', 'Retained messages', (c) => c.retainedNow),
    now('spillway_mqtt_retained_bytes', 'Bytes of retained messages', (c) => c.retainedBytesNow),
    total(
      'spillway_mqtt_published_total',
      'Messages that were published for subscribers, whether there were any or not',
      (c) => c.published,
    ),
    total('spillway_mqtt_delivered_total', 'Messages that were sent to subscribers, each counted once for each', (c) => c.delivered),
    {
      kind: 'counter',
      name: 'spillway_mqtt_dropped_total',
      help: 'Messages left out for one client, by reason. unsent: it does not read, or takes none of their size; retained-full: not kept; revoked: rules no longer allow it the topic',
      label: 'reason',
      values: () => {
        const { droppedFull, droppedRevoked, retainedFull } = plane.brokerCounts();
        return [
          ['queue-full', droppedFull],
          ['retained-full', retainedFull],
          ['revoked', droppedRevoked],
          ['unsent', plane.counters().undelivered],
        ];
      },
    },
    total(
      'spillway_mqtt_exchange_sent_total',
      'Messages that clients of other processes wanted, or that are retained there',
      (c) => c.exchangeSent,
    ),
    total('spillway_mqtt_exchange_received_total', 'Messages of clients at other processes', (c) => c.exchangeReceived),
    total('spillway_mqtt_exchange_dropped_total', 'Messages at QoS 0 that found the way to other processes full', (c) => c.exchangeDropped),
    now('spillway_mqtt_exchange_processes', 'Other processes that were heard of within 30 s', (c) => c.processesNow),
    total('spillway_mqtt_expired_total', 'Messages that expired before they were sent', (c) => c.expired),
    total('spillway_mqtt_wills_total', 'Wills that were published', (c) => c.wills),
    total(
      'spillway_mqtt_wills_refused_total',
      'Wills that were not published because rules no longer allowed their topic',
      (c) => c.willsRefused,
    ),
  ];
}
