import type { EventTable } from '../telemetry/events.js';

/** Events of the broker thread. */
export const brokerEvents = {
  'mqtt-queue-full': {
    level: 'warn',
    happened:
      'messages for the client `client` of `tenant` found no room in its queue: `dropped` since its session began. Reported once a minute and session',
    action:
      'look why the client does not fetch them: `GET /v1/mqtt/sessions`; where it is gone for good, drop its session, else raise the bounds of queues',
  },
  'mqtt-retained-full': {
    level: 'warn',
    happened: 'the tenant has as many retained messages, or as many bytes of them, as it may have: the one on `topic` was not kept',
    action: 'remove retained messages that nobody needs, or raise the bounds',
  },
  'mqtt-store-failing': {
    level: 'error',
    happened:
      'the disk does not take sessions and queued messages (`cause`): publishers whose messages have to outlive the process are not acknowledged; messages at QoS 0 and to connected clients are delivered',
    action: 'make room on the disk of the state folder, or mend it; writing is tried again every second',
  },
  'mqtt-store-recovered': {
    level: 'info',
    happened: 'the disk takes sessions and queued messages again, and acknowledgements that waited are sent',
    action: 'nothing',
  },
  'mqtt-sessions-loaded': {
    level: 'info',
    happened:
      '`sessions` sessions with `queued` messages and `retained` retained messages were loaded in `ms`; `damaged` messages that waited could not be read',
    action: 'nothing; where `damaged` is not 0, look at the disk: these messages are lost',
  },
  'subscriptions-revoked': {
    level: 'warn',
    happened:
      'rules of `tenant` no longer allow `subscriptions` subscriptions of `sessions` sessions, such as `filter` of the client `client`: they were removed, and `messages` messages that waited for these clients were dropped',
    action:
      'nothing where the rule was meant so; else mend the rules (`POST /v1/acl/check` says which one decides): the clients have to subscribe again, and MQTT has no message that says so to them',
  },
  'will-refused': {
    level: 'warn',
    happened: 'the rules of `tenant` no longer let the client `client` publish on `topic`: its will was not published',
    action: 'nothing where the rule was meant so; else mend the rules (`POST /v1/acl/check` says which one decides)',
  },
  'mqtt-exchange-gap': {
    level: 'error',
    happened:
      'records `from` to `to` of the topic `mqtt.exchange` were removed before this process read them: messages of other processes in them did not reach its clients, and retained messages may be old',
    action: 'keep records of the topic for longer than a process can be away (`retention.ms`), and publish what has to be there again',
  },
  'mqtt-exchange-newer': {
    level: 'error',
    happened: 'another process wrote messages in a form that this build does not know: they did not reach clients here',
    action: 'update this process to the build of the others',
  },
  'mqtt-process-forgotten': {
    level: 'warn',
    happened:
      'the process `process` has sent no sign of life for longer than a session may last: its `filters` subscribed filters were forgotten, and messages are no longer kept for it',
    action: 'nothing: a process that comes back says its filters again',
  },
} as const satisfies EventTable;
