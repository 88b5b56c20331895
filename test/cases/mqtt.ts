import {
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_UNKNOWN,
  CODE_MQTT_ALIASES_EXHAUSTED,
  CODE_MQTT_AUTH_UNSUPPORTED,
  CODE_MQTT_CONNECT_EXPECTED,
  CODE_MQTT_CONNECT_REPEATED,
  CODE_MQTT_FILTER_MALFORMED,
  CODE_MQTT_LENGTH_MALFORMED,
  CODE_MQTT_MALFORMED,
  CODE_MQTT_PACKET_ID_IN_USE,
  CODE_MQTT_PACKET_OVERSIZE,
  CODE_MQTT_PAYLOAD_FORMAT_INVALID,
  CODE_MQTT_PROTOCOL_ERROR,
  CODE_MQTT_QOS_INVALID,
  CODE_MQTT_TOPIC_ALIAS_INVALID,
  CODE_MQTT_TOPIC_MALFORMED,
  CODE_PAYLOAD_OVERSIZE,
  CODE_TOPIC_FORBIDDEN,
  CODE_TOPIC_UNKNOWN,
} from '../../assembly/abi/codes.js';
import { TOPIC_ALIASES_MAX } from '../../assembly/abi/gateway.js';
import { PAYLOAD_BYTES_MAX } from '../../assembly/abi/limits.js';
import { bytes, disconnect, PINGREQ, PINGRESP, packet, properties, puback, pubcomp, publish, pubrec, pubrel, u16 } from './mqtt-bytes.js';
import { connectAs, type MqttCase, OWN, user } from './mqtt-case.js';
import { connectCases } from './mqtt-connects.js';

const withLevel = <T>(make: (level: 4 | 5) => T): T[] => [make(4), make(5)];

const notMqtt: MqttCase[] = [
  {
    name: 'an HTTP request',
    level: 0,
    bytes: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    code: CODE_MQTT_MALFORMED,
    closes: true,
  },
  { name: 'an HTTP POST', level: 0, bytes: Buffer.from('POST / HTTP/1.1\r\n\r\n'), code: CODE_MQTT_CONNECT_EXPECTED, closes: true },
  { name: 'a TLS hello', level: 0, bytes: bytes(0x16, 3, 1, 2, 0, 1, 0, 1), code: CODE_MQTT_MALFORMED, closes: true },
  { name: 'bytes at random', level: 0, bytes: bytes(0xa7, 0x1f, 0x99, 0x02, 0xee), code: CODE_MQTT_MALFORMED, closes: true },
  { name: 'zeros', level: 0, bytes: Buffer.alloc(64), code: CODE_MQTT_MALFORMED, closes: true },
];

const beforeConnect: MqttCase[] = [
  { name: 'PUBLISH', bytes: publish({ level: 4, topic: OWN }) },
  { name: 'PINGREQ', bytes: PINGREQ },
  { name: 'DISCONNECT', bytes: packet(0xe0) },
  { name: 'SUBSCRIBE', bytes: packet(0x82, u16(1), 'a', 0) },
].map((each) => ({ ...each, name: `${each.name} before CONNECT`, level: 0, code: CODE_MQTT_CONNECT_EXPECTED, closes: true }));

/** In version 5 the refusal is said by DISCONNECT, in 3.1.1 by closing alone. */
function ends(name: string, code: number, reason: number, make: (level: 4 | 5) => Uint8Array): MqttCase[] {
  return withLevel((level) => ({
    name: `${name}, version ${level}`,
    level,
    bytes: make(level),
    code,
    ...(level === 5 ? { answer: disconnect(reason) } : {}),
    closes: true,
  }));
}

const framing: MqttCase[] = [
  ...ends('a second CONNECT', CODE_MQTT_CONNECT_REPEATED, 0x82, connectAs),
  ...ends('a length of five bytes', CODE_MQTT_LENGTH_MALFORMED, 0x81, () => bytes(0x30, 0x80, 0x80, 0x80, 0x80, 1)),
  ...ends('a packet over the maximum', CODE_MQTT_PACKET_OVERSIZE, 0x95, () => bytes(0x30, 0xff, 0xff, 0xff, 0x7f)),
  ...ends('a packet type of the server', CODE_MQTT_PROTOCOL_ERROR, 0x82, () => packet(0xd0)),
  ...ends('the reserved packet type 0', CODE_MQTT_MALFORMED, 0x81, () => packet(0x00)),
  ...ends('PUBREC of packet id 0', CODE_MQTT_PROTOCOL_ERROR, 0x82, () => pubrec(0)),
  ...ends('PUBCOMP of packet id 0', CODE_MQTT_PROTOCOL_ERROR, 0x82, () => pubcomp(0)),
  ends5('PUBCOMP with a reason of PUBACK', CODE_MQTT_PROTOCOL_ERROR, 0x82, packet(0x70, u16(3), 0x10)),
  ...ends('PUBREL with reserved flags wrong', CODE_MQTT_MALFORMED, 0x81, () => packet(0x60, u16(1))),
  ...ends('PUBREL of packet id 0', CODE_MQTT_PROTOCOL_ERROR, 0x82, () => pubrel(0)),
  ...ends('PUBREL that ends in its packet id', CODE_MQTT_MALFORMED, 0x81, () => packet(0x62, 1)),
  ...ends('PUBREL with bytes behind its end', CODE_MQTT_MALFORMED, 0x81, () => packet(0x62, u16(1), 0, 0, 0)),
  ...ends('PINGREQ with a body', CODE_MQTT_MALFORMED, 0x81, () => packet(0xc0, 0)),
  ...ends('PINGREQ with flags', CODE_MQTT_MALFORMED, 0x81, () => packet(0xc1)),
  ...ends('SUBSCRIBE with reserved flags wrong', CODE_MQTT_MALFORMED, 0x81, (level) =>
    packet(0x80, u16(1), level === 5 ? properties() : Buffer.alloc(0), 'devices/dev-1/commands', 0),
  ),
  {
    name: 'a length not in its shortest form, version 5',
    level: 5,
    bytes: bytes(0xc0, 0x80, 0),
    code: CODE_MQTT_LENGTH_MALFORMED,
    answer: disconnect(0x81),
    closes: true,
  },
  { name: 'a length not in its shortest form, version 4, which allows it', level: 4, bytes: bytes(0xc0, 0x80, 0), answer: PINGRESP },
];

const publishEnds: MqttCase[] = [
  ...ends('QoS 3', CODE_MQTT_QOS_INVALID, 0x81, (level) => publish({ level, topic: OWN, qos: 3 })),
  ...ends('packet id 0 at QoS 2', CODE_MQTT_PROTOCOL_ERROR, 0x82, (level) => publish({ level, topic: OWN, qos: 2, packetId: 0 })),
  ...ends('DUP at QoS 0', CODE_MQTT_MALFORMED, 0x81, (level) => publish({ level, topic: OWN, dup: true })),
  ...ends('packet id 0', CODE_MQTT_PROTOCOL_ERROR, 0x82, (level) => publish({ level, topic: OWN, qos: 1, packetId: 0 })),
  ...ends('PUBLISH with no topic', CODE_MQTT_MALFORMED, 0x81, () => packet(0x30)),
  ...ends('PUBLISH whose topic runs past its end', CODE_MQTT_MALFORMED, 0x81, () => packet(0x30, u16(9), Buffer.from('abc'))),
  ...ends('PUBLISH that ends in its packet id', CODE_MQTT_MALFORMED, 0x81, () => packet(0x32, OWN, 1)),
  { name: 'an empty topic, version 4', level: 4, bytes: publish({ level: 4, topic: '' }), code: CODE_MQTT_TOPIC_MALFORMED, closes: true },
  ...ends('a topic with +', CODE_MQTT_TOPIC_MALFORMED, 0x81, (level) => publish({ level, topic: 'devices/+/telemetry' })),
  ...ends('a topic with #', CODE_MQTT_TOPIC_MALFORMED, 0x81, (level) => publish({ level, topic: 'devices/#' })),
  ...ends('a topic with NUL', CODE_MQTT_TOPIC_MALFORMED, 0x81, (level) => publish({ level, topic: 'devices/d\0v/telemetry' })),
  ...[
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a character beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a character cut short', [0xe2, 0x82]],
  ].flatMap(([what, wrong]) =>
    ends(`a topic with ${what}`, CODE_MQTT_TOPIC_MALFORMED, 0x81, (level) =>
      publish({ level, topic: bytes(Buffer.from('devices/'), Buffer.from(wrong as number[]), Buffer.from('/telemetry')) }),
    ),
  ),
];

/** A message that is refused alone: version 5 goes on, 3.1.1 closes. */
function refuses(name: string, topic: string, code: number, reason: number, payload: string | Uint8Array = '{}'): MqttCase[] {
  return [
    { name: `${name}, version 4`, level: 4, bytes: publish({ level: 4, topic, qos: 1, payload }), code, closes: true },
    {
      name: `${name}, version 5`,
      level: 5,
      bytes: publish({ level: 5, topic, qos: 1, packetId: 0x1234, payload }),
      code,
      answer: puback(0x1234, reason),
    },
    { name: `${name}, version 4 at QoS 2`, level: 4, bytes: publish({ level: 4, topic, qos: 2, payload }), code, closes: true },
    {
      name: `${name}, version 5 at QoS 2`,
      level: 5,
      bytes: bytes(publish({ level: 5, topic, qos: 2, packetId: 0x1234, payload }), pubrel(0x1234)),
      code,
      answer: bytes(pubrec(0x1234, reason), pubcomp(0x1234, 0x92)),
    },
    { name: `${name}, version 5 at QoS 0`, level: 5, bytes: publish({ level: 5, topic, payload }), code },
  ];
}

const publishRefused: MqttCase[] = [
  ...refuses("another device's topic", 'devices/dev-2/telemetry', CODE_TOPIC_FORBIDDEN, 0x87),
  ...refuses("a sub-device of another device's", 'devices/sub-of-2/telemetry', CODE_TOPIC_FORBIDDEN, 0x87),
  ...refuses('another tenant', 'tenant/acme/device/dev-1/data', CODE_TOPIC_FORBIDDEN, 0x87),
  ...refuses('a device that nobody knows', 'devices/nobody/telemetry', CODE_DEVICE_UNKNOWN, 0x87),
  ...refuses('a sub-device that is not active', 'devices/sub-off/telemetry', CODE_DEVICE_INACTIVE, 0x87),
  ...refuses('an unknown topic', 'hello/world', CODE_TOPIC_UNKNOWN, 0x90),
  ...refuses('a topic with a level too many', 'devices/dev-1/x/telemetry', CODE_TOPIC_UNKNOWN, 0x90),
  ...refuses('a topic with an empty id', 'devices//telemetry', CODE_TOPIC_UNKNOWN, 0x90),
  ...refuses('a topic with an empty tenant', 'tenant//device/dev-1/data', CODE_TOPIC_UNKNOWN, 0x90),
  ...refuses('a payload over the maximum', OWN, CODE_PAYLOAD_OVERSIZE, 0x83, Buffer.alloc(PAYLOAD_BYTES_MAX + 1)),
];

function ends5(name: string, code: number, reason: number, sent: Uint8Array, records: readonly number[] = []): MqttCase {
  return { name: `${name}, version 5`, level: 5, bytes: sent, code, answer: disconnect(reason), closes: true, records };
}
const withAlias = (topic: string, alias: number) => publish({ level: 5, topic, properties: properties(0x23, u16(alias)) });
const withProperties = (props: Uint8Array) => publish({ level: 5, topic: OWN, properties: props });

const binary = bytes(0x81, 0xa1, 0x74, 0xff);
const withFormat = (qos: number, indicator: number, payload: Uint8Array) =>
  publish({ level: 5, topic: OWN, qos, packetId: 9, properties: properties(0x01, indicator), payload });
const formatRefused = { level: 5, code: CODE_MQTT_PAYLOAD_FORMAT_INVALID } as const;
const payloadFormats: MqttCase[] = [
  {
    ...formatRefused,
    name: 'a payload that is no UTF-8, though it is said to be',
    bytes: withFormat(1, 1, binary),
    answer: puback(9, 0x99),
  },
  { ...formatRefused, name: 'the same at QoS 0', bytes: withFormat(0, 1, binary) },
  {
    ...formatRefused,
    name: 'the same at QoS 2',
    bytes: bytes(withFormat(2, 1, binary), pubrel(9)),
    answer: bytes(pubrec(9, 0x99), pubcomp(9, 0x92)),
  },
  {
    ...formatRefused,
    name: 'a payload that is cut within a character',
    bytes: withFormat(1, 1, bytes(0x22, 0xe2, 0x82)),
    answer: puback(9, 0x99),
  },
  { name: 'a payload of unspecified bytes', level: 5, bytes: withFormat(1, 0, binary), answer: puback(9), records: [1] },
  {
    name: 'a payload that is UTF-8 as it says',
    level: 5,
    bytes: withFormat(1, 1, Buffer.from('"21 °C 😀"')),
    answer: puback(9),
    records: [1],
  },
  { name: 'no payload, which is UTF-8', level: 5, bytes: withFormat(1, 1, Buffer.alloc(0)), answer: puback(9), records: [1] },
];

const version5: MqttCase[] = [
  ends5('an empty topic', CODE_MQTT_PROTOCOL_ERROR, 0x82, publish({ level: 5, topic: '' })),
  ends5('a topic alias of 0', CODE_MQTT_TOPIC_ALIAS_INVALID, 0x94, withAlias(OWN, 0)),
  ends5('a topic alias above the highest', CODE_MQTT_TOPIC_ALIAS_INVALID, 0x94, withAlias(OWN, TOPIC_ALIASES_MAX + 1)),
  ends5('a topic alias that has no topic', CODE_MQTT_PROTOCOL_ERROR, 0x82, bytes(withAlias(OWN, 1), withAlias('', 2)), [1]),
  ends5('a topic alias with wildcards', CODE_MQTT_TOPIC_MALFORMED, 0x81, withAlias('devices/+', 1)),
  ends5('a topic alias for more than 1024 bytes', CODE_MQTT_ALIASES_EXHAUSTED, 0x97, withAlias('t'.repeat(1025), 1)),
  {
    name: 'topic aliases, one of them for two topics in turn',
    level: 5,
    bytes: bytes(
      withAlias(OWN, 1),
      withAlias('', 1),
      withAlias('tenant/default/device/dev-1/data', TOPIC_ALIASES_MAX),
      withAlias('', TOPIC_ALIASES_MAX),
      withAlias('tenant/default/device/dev-1/data', 1),
      withAlias('', 1),
    ),
    records: [1, 1, 1, 1, 1, 1],
  },
  ends5('AUTH', CODE_MQTT_AUTH_UNSUPPORTED, 0x8c, packet(0xf0, 0x18, 0)),
  ends5('properties that run past the packet', CODE_MQTT_MALFORMED, 0x81, packet(0x30, OWN, 100, 1, 1)),
  ends5('a property cut short', CODE_MQTT_MALFORMED, 0x81, withProperties(properties(0x02, 0, 0))),
  ends5('an unknown property', CODE_MQTT_MALFORMED, 0x81, withProperties(properties(0x7e, 0))),
  ends5('a property of CONNECT in PUBLISH', CODE_MQTT_MALFORMED, 0x81, withProperties(properties(0x21, u16(1)))),
  ends5('a Subscription Identifier from a client', CODE_MQTT_MALFORMED, 0x81, withProperties(properties(0x0b, 1))),
  ends5('a property twice', CODE_MQTT_PROTOCOL_ERROR, 0x82, withProperties(properties(0x01, 1, 0x01, 1))),
  ends5('a response topic with a wildcard', CODE_MQTT_PROTOCOL_ERROR, 0x82, withProperties(properties(0x08, 'a/#'))),
  ends5('an empty response topic', CODE_MQTT_PROTOCOL_ERROR, 0x82, withProperties(properties(0x08, ''))),
  ends5('a payload format that there is not', CODE_MQTT_PROTOCOL_ERROR, 0x82, withProperties(properties(0x01, 2))),
  ends5('a property length of five bytes', CODE_MQTT_MALFORMED, 0x81, withProperties(bytes(0x80, 0x80, 0x80, 0x80, 1))),
  ...payloadFormats,
  {
    name: 'every property that PUBLISH may have, version 5',
    level: 5,
    bytes: withProperties(properties(0x01, 1, 0x02, u16(0), u16(9), 0x03, 'json', 0x08, 'answer', 0x09, 'id', user, user)),
    records: [1],
  },
];

const subscribe = (level: 4 | 5, ...body: Parameters<typeof bytes>) =>
  packet(0x82, u16(7), level === 5 ? properties() : Buffer.alloc(0), ...body);
const control: MqttCase[] = [
  ...ends('SUBSCRIBE without a filter', CODE_MQTT_PROTOCOL_ERROR, 0x82, (level) => subscribe(level)),
  ...ends('SUBSCRIBE with an empty filter', CODE_MQTT_FILTER_MALFORMED, 0x81, (level) => subscribe(level, '', 0)),
  ...ends('SUBSCRIBE with QoS 3', CODE_MQTT_PROTOCOL_ERROR, 0x82, (level) => subscribe(level, 'a', 3)),
  ...ends('SUBSCRIBE with reserved options', CODE_MQTT_MALFORMED, 0x81, (level) => subscribe(level, 'a', 0xc0)),
  ...ends('SUBSCRIBE cut behind its filter', CODE_MQTT_MALFORMED, 0x81, (level) => subscribe(level, 'a')),
  ...ends('SUBSCRIBE with packet id 0', CODE_MQTT_PROTOCOL_ERROR, 0x82, () => packet(0x82, u16(0), 0, 'a', 0)),
  ...ends('UNSUBSCRIBE without a filter', CODE_MQTT_PROTOCOL_ERROR, 0x82, (level) =>
    packet(0xa2, u16(7), level === 5 ? properties() : Buffer.alloc(0)),
  ),
  {
    name: 'SUBSCRIBE to own and other topics, version 4',
    level: 4,
    bytes: subscribe(4, 'devices/dev-1/commands', 2, 'devices/dev-1/commands/#', 0, 'devices/dev-2/commands', 1, '#', 0),
    answer: packet(0x90, u16(7), 2, 0, 0x80, 0x80),
  },
  {
    name: 'SUBSCRIBE to own and other topics, version 5',
    level: 5,
    bytes: subscribe(
      5,
      'tenant/default/device/dev-1/commands/#',
      2,
      '$share/g/devices/dev-1/commands',
      1,
      'tenant/acme/device/dev-1/commands',
      0,
    ),
    answer: packet(0x90, u16(7), 0, 2, 1, 0x87),
  },
  {
    name: 'SUBSCRIBE with an identifier, version 5',
    level: 5,
    bytes: packet(0x82, u16(7), properties(0x0b, 5), 'devices/dev-1/commands', 0),
    answer: packet(0x90, u16(7), 0, 0),
  },
  { name: 'UNSUBSCRIBE, version 4', level: 4, bytes: packet(0xa2, u16(9), 'a'), answer: packet(0xb0, u16(9)) },
  { name: 'UNSUBSCRIBE, version 5', level: 5, bytes: packet(0xa2, u16(9), 0, 'a'), answer: packet(0xb0, u16(9), 0, 0x11) },
  { name: 'DISCONNECT with a body, version 4', level: 4, bytes: packet(0xe0, 0), code: CODE_MQTT_MALFORMED, closes: true },
  { name: 'DISCONNECT, version 4', level: 4, bytes: packet(0xe0), closes: true },
  { name: 'DISCONNECT with a reason, version 5', level: 5, bytes: packet(0xe0, 4, properties(user)), closes: true },
  { name: 'PINGREQ twice', level: 4, bytes: bytes(PINGREQ, PINGREQ), answer: bytes(PINGRESP, PINGRESP) },
  {
    name: 'SUBSCRIBE is answered before the PINGREQ after it',
    level: 4,
    bytes: bytes(subscribe(4, 'devices/dev-1/commands', 1), PINGREQ),
    answer: bytes(packet(0x90, u16(7), 1), PINGRESP),
  },
  { name: 'PUBACK of nothing', level: 4, bytes: puback(3) },
  { name: 'PUBCOMP of nothing', level: 4, bytes: pubcomp(3) },
  { name: 'PUBACK with a reason and properties, version 5', level: 5, bytes: packet(0x40, u16(3), 0x10, properties(0x1f, 'why', user)) },
  ...ends('PUBACK of packet id 0', CODE_MQTT_PROTOCOL_ERROR, 0x82, () => packet(0x40, u16(0))),
  ...ends('PUBACK with bytes after its end', CODE_MQTT_MALFORMED, 0x81, () => packet(0x40, u16(1), 0, 0, 0)),
  { name: 'PUBACK with a reason, version 4', level: 4, bytes: packet(0x40, u16(1), 0), code: CODE_MQTT_MALFORMED, closes: true },
  ends5('PUBACK with a property of PUBLISH', CODE_MQTT_MALFORMED, 0x81, packet(0x40, u16(1), 0, properties(0x01, 0))),
  ends5('PUBACK with an unknown reason', CODE_MQTT_PROTOCOL_ERROR, 0x82, packet(0x40, u16(1), 0xff)),
  ends5(
    'DISCONNECT that wants to keep a session which CONNECT did not',
    CODE_MQTT_PROTOCOL_ERROR,
    0x82,
    packet(0xe0, 0, properties(0x11, u16(0), u16(1))),
  ),
  ends5('a shared subscription with No Local', CODE_MQTT_PROTOCOL_ERROR, 0x82, subscribe(5, '$share/g/x', 4)),
  ...['ab/+e', 'a+', 'a#', 'a/#/b', '#/', '+b/c'].flatMap((filter) => [
    ...ends(`SUBSCRIBE to ${filter}`, CODE_MQTT_FILTER_MALFORMED, 0x81, (level) => subscribe(level, filter, 0)),
    ...ends(`UNSUBSCRIBE from ${filter}`, CODE_MQTT_FILTER_MALFORMED, 0x81, (level) =>
      packet(0xa2, u16(7), level === 5 ? properties() : Buffer.alloc(0), filter),
    ),
  ]),
];

const goodPublishes: MqttCase[] = withLevel((level): MqttCase[] => [
  { name: `QoS 0, version ${level}`, level, bytes: publish({ level, topic: OWN }), records: [1] },
  {
    name: `QoS 1, version ${level}`,
    level,
    bytes: publish({ level, topic: OWN, qos: 1, packetId: 0xfffe }),
    answer: puback(0xfffe),
    records: [1],
  },
  {
    name: `QoS 1 again, version ${level}`,
    level,
    bytes: publish({ level, topic: OWN, qos: 1, dup: true }),
    answer: puback(1),
    records: [1],
  },
  {
    name: `the tenant's topic, version ${level}`,
    level,
    bytes: publish({ level, topic: 'tenant/default/device/dev-1/data' }),
    records: [1],
  },
  { name: `a sub-device, version ${level}`, level, bytes: publish({ level, topic: 'devices/sub-1/telemetry' }), records: [4] },
  {
    name: `a sub-device by tenant, version ${level}`,
    level,
    bytes: publish({ level, topic: 'tenant/default/device/sub-1/data' }),
    records: [4],
  },
  { name: `an id that is not ASCII, version ${level}`, level, bytes: publish({ level, topic: 'devices/gerät-7/telemetry' }), records: [7] },
  { name: `an empty payload, version ${level}`, level, bytes: publish({ level, topic: OWN, payload: '' }), records: [1] },
  {
    name: `a payload of the maximum, version ${level}`,
    level,
    bytes: publish({ level, topic: OWN, qos: 1, payload: Buffer.alloc(PAYLOAD_BYTES_MAX, 'x') }),
    answer: puback(1),
    records: [1],
  },
]).flat();

const endsAfterMessages: MqttCase[] = withLevel((level): MqttCase[] => {
  const sent = [1, 2, 3].map((packetId) => publish({ level, topic: OWN, qos: 1, packetId }));
  const answer = bytes(puback(1), puback(2), puback(3));
  const common = { level, records: [1, 1, 1], closes: true };
  return [
    {
      ...common,
      name: `messages before a malformed packet are acknowledged, version ${level}`,
      bytes: bytes(...sent, packet(0xc1)),
      code: CODE_MQTT_MALFORMED,
      answer: bytes(answer, level === 5 ? disconnect(0x81) : Buffer.alloc(0)),
    },
    { ...common, name: `messages before DISCONNECT are acknowledged, version ${level}`, bytes: bytes(...sent, packet(0xe0)), answer },
  ];
}).flat();

const first = (level: 4 | 5, more = {}) => publish({ level, topic: OWN, qos: 2, packetId: 0xfffe, ...more });
const qos2: MqttCase[] = [
  ...withLevel((level): MqttCase[] => [
    { name: `QoS 2, version ${level}`, level, bytes: first(level), answer: pubrec(0xfffe), records: [1] },
    {
      name: `QoS 2 sent again before PUBREL is one message, version ${level}`,
      level,
      bytes: bytes(first(level), first(level, { dup: true }), first(level, { dup: true, topic: 'hello/world' })),
      answer: bytes(pubrec(0xfffe), pubrec(0xfffe), pubrec(0xfffe)),
      records: [1],
    },
    {
      name: `PUBREL before PUBREC has its PUBCOMP behind it, version ${level}`,
      level,
      bytes: bytes(first(level), pubrel(0xfffe)),
      answer: bytes(pubrec(0xfffe), pubcomp(0xfffe)),
      records: [1],
    },
    {
      name: `a packet id is free behind its PUBREL, version ${level}`,
      level,
      bytes: bytes(first(level), pubrel(0xfffe), first(level), pubrel(0xfffe)),
      answer: bytes(pubrec(0xfffe), pubcomp(0xfffe), pubrec(0xfffe), pubcomp(0xfffe)),
      records: [1, 1],
    },
    {
      name: `QoS 2 with DUP whose first copy never came, version ${level}`,
      level,
      bytes: first(level, { dup: true }),
      answer: pubrec(0xfffe),
      records: [1],
    },
    {
      name: `QoS 1 with the packet id of a message at QoS 2, version ${level}`,
      level,
      bytes: bytes(first(level), first(level, { qos: 1 })),
      answer: bytes(pubrec(0xfffe), puback(0xfffe)),
      records: [1, 1],
    },
  ]).flat(),
  {
    name: 'QoS 2 with an id in use is the message before, DUP or not, version 4',
    level: 4,
    bytes: bytes(first(4), first(4, { payload: 'another' }), pubrel(0xfffe)),
    answer: bytes(pubrec(0xfffe), pubrec(0xfffe), pubcomp(0xfffe)),
    records: [1],
  },
  {
    name: 'another message with an id in use, version 5',
    level: 5,
    bytes: bytes(first(5), first(5, { payload: 'another' })),
    code: CODE_MQTT_PACKET_ID_IN_USE,
    answer: bytes(pubrec(0xfffe), pubrec(0xfffe, 0x91)),
    records: [1],
  },
  { name: 'PUBREL of an id that is not known, version 4', level: 4, bytes: pubrel(9), answer: pubcomp(9) },
  { name: 'PUBREL of an id that is not known, version 5', level: 5, bytes: pubrel(9), answer: pubcomp(9, 0x92) },
  {
    name: 'PUBREL with a reason and properties, version 5',
    level: 5,
    bytes: bytes(first(5), packet(0x62, u16(0xfffe), 0, properties(0x1f, 'why', user))),
    answer: bytes(pubrec(0xfffe), pubcomp(0xfffe)),
    records: [1],
  },
  ends5('PUBREL with an unknown reason', CODE_MQTT_PROTOCOL_ERROR, 0x82, packet(0x62, u16(9), 0xff)),
  ends5('PUBREL with a property of PUBLISH', CODE_MQTT_MALFORMED, 0x81, packet(0x62, u16(9), 0, properties(0x01, 1))),
];

export const mqttCases: readonly MqttCase[] = [
  ...notMqtt,
  ...beforeConnect,
  ...framing,
  ...publishEnds,
  ...publishRefused,
  ...version5,
  ...control,
  ...connectCases,
  ...goodPublishes,
  ...endsAfterMessages,
  ...qos2,
  { name: 'RETAIN, version 4', level: 4, bytes: publish({ level: 4, topic: OWN, retain: true }), records: [1] },
  { name: 'RETAIN, version 5', level: 5, bytes: publish({ level: 5, topic: OWN, retain: true }), records: [1] },
];
