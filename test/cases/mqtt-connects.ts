import {
  CODE_CREDENTIALS_INVALID,
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_UNKNOWN,
  CODE_MQTT_AUTH_UNSUPPORTED,
  CODE_MQTT_MALFORMED,
  CODE_MQTT_PROTOCOL_ERROR,
  CODE_MQTT_VERSION_UNSUPPORTED,
  CODE_TOPIC_FORBIDDEN,
  CODE_TOPIC_UNKNOWN,
} from '../../assembly/abi/codes.js';
import { bytes, PINGREQ, PINGRESP, packet, properties, puback, publish, u16 } from './mqtt-bytes.js';
import { connackAccepted, connectAs, type MqttCase, noReasons, OWN, user } from './mqtt-case.js';
import { CASE_TOKEN } from './mqtt-devices.js';

const connackRefused = (code: number) => packet(0x20, 0, code);
const connackRefused5 = (reason: number) => packet(0x20, 0, reason, 0);

const malformedConnects: MqttCase[] = (
  [
    ['an empty body', packet(0x10)],
    ['a protocol name of no bytes', connectAs(4, { protocol: '' })],
    ['another protocol name', connectAs(4, { protocol: 'MQTX' })],
    ['a protocol name in lower case', connectAs(4, { protocol: 'mqtt' })],
    ['the reserved flag', connectAs(4, { flags: 0xc3 })],
    ['will QoS without a will', connectAs(4, { flags: 0xca })],
    ['will RETAIN without a will', connectAs(4, { flags: 0xe2 })],
    ['a will flag but no will', connectAs(4, { flags: 0xc6 })],
    ['will QoS 3', connectAs(4, { flags: 0xde, rest: ['will', 'gone', 'default', CASE_TOKEN] })],
    ['a will topic with a wildcard', connectAs(4, { flags: 0xc6, rest: ['will/#', 'gone', 'default', CASE_TOKEN] })],
    ['an empty will topic', connectAs(4, { flags: 0xc6, rest: ['', 'gone', 'default', CASE_TOKEN] })],
    ['a password without a user name', connectAs(4, { flags: 0x42, rest: [CASE_TOKEN] })],
    ['a user name that is missing', connectAs(4, { rest: [] })],
    ['a password cut short', connectAs(4, { rest: ['default', bytes(0, 9, 1)] })],
    ['bytes behind its end', connectAs(4, { rest: ['default', CASE_TOKEN, 0] })],
    ['a client id with NUL', connectAs(4, { clientId: 'dev\0' })],
    ['a client id that is not UTF-8', packet(0x10, 'MQTT', 4, 2, u16(0), bytes(0, 2, 0xc3, 0x28))],
    ['no client id', packet(0x10, 'MQTT', 4, 2, u16(0))],
  ] as [string, Uint8Array][]
).map(([what, sent]) => ({ name: `CONNECT with ${what}`, level: 0, bytes: sent, code: CODE_MQTT_MALFORMED, closes: true }));

function connects(name: string, sent: Uint8Array, answer: Uint8Array, code: number): MqttCase {
  return { name, level: 0, bytes: sent, answer, code, closes: true };
}
const willOn = (topic: string) => [topic, 'gone', 'default', CASE_TOKEN];
const will = willOn(OWN);
const refusedConnects: MqttCase[] = [
  connects(
    'CONNECT of version 5 with a property twice',
    connectAs(5, { properties: properties(0x21, u16(1), 0x21, u16(1)) }),
    connackRefused5(0x82),
    CODE_MQTT_PROTOCOL_ERROR,
  ),
  ...(
    [
      ['Receive Maximum 0', bytes(0x21, u16(0))],
      ['Maximum Packet Size 0', bytes(0x27, u16(0), u16(0))],
      ['Request Response Information 2', bytes(0x19, 2)],
      ['Request Problem Information 2', bytes(0x17, 2)],
      ['Authentication Data and no method', bytes(0x16, 'x')],
    ] as [string, Uint8Array][]
  ).map(([what, property]) =>
    connects(
      `CONNECT of version 5 with ${what}`,
      connectAs(5, { properties: properties(property) }),
      connackRefused5(0x82),
      CODE_MQTT_PROTOCOL_ERROR,
    ),
  ),
  ...['', 'a/+'].map((topic) =>
    connects(
      `CONNECT of version 5 with a will whose response topic is "${topic}"`,
      connectAs(5, { flags: 0xc6, rest: [properties(0x08, topic), ...will] }),
      connackRefused5(0x82),
      CODE_MQTT_PROTOCOL_ERROR,
    ),
  ),
  connects('CONNECT of version 5 with a reserved flag', connectAs(5, { flags: 0xc3 }), connackRefused5(0x81), CODE_MQTT_MALFORMED),
  connects('CONNECT of version 3.1', packet(0x10, 'MQIsdp', 3, 2, u16(0), 'dev-1'), connackRefused(1), CODE_MQTT_VERSION_UNSUPPORTED),
  connects('CONNECT of version 6', connectAs(4, { level: 6 }), connackRefused5(0x84), CODE_MQTT_VERSION_UNSUPPORTED),
  connects('CONNECT of a bridge, version 4', connectAs(4, { level: 0x84 }), connackRefused(1), CODE_MQTT_VERSION_UNSUPPORTED),
  connects(
    'CONNECT of a bridge, version 3.1',
    packet(0x10, 'MQIsdp', 0x83, 2, u16(0), 'dev-1'),
    connackRefused(1),
    CODE_MQTT_VERSION_UNSUPPORTED,
  ),
  connects('CONNECT of level 0', connectAs(4, { level: 0 }), Buffer.alloc(0), CODE_MQTT_VERSION_UNSUPPORTED),
  connects('a wrong token, version 4', connectAs(4, { password: 'x' }), connackRefused(4), CODE_CREDENTIALS_INVALID),
  connects('a wrong token, version 5', connectAs(5, { password: 'x' }), connackRefused5(0x86), CODE_CREDENTIALS_INVALID),
  connects('an empty token', connectAs(4, { password: '' }), connackRefused(4), CODE_CREDENTIALS_INVALID),
  connects('no token', connectAs(4, { flags: 0x82, rest: ['default'] }), connackRefused(4), CODE_CREDENTIALS_INVALID),
  connects('an unknown device, version 4', connectAs(4, { clientId: 'nobody' }), connackRefused(4), CODE_DEVICE_UNKNOWN),
  connects('an unknown device, version 5', connectAs(5, { clientId: 'nobody' }), connackRefused5(0x86), CODE_DEVICE_UNKNOWN),
  connects('a client id of 129 bytes, version 4', connectAs(4, { clientId: 'x'.repeat(129) }), connackRefused(2), CODE_DEVICE_UNKNOWN),
  connects('a client id of 129 bytes, version 5', connectAs(5, { clientId: 'x'.repeat(129) }), connackRefused5(0x85), CODE_DEVICE_UNKNOWN),
  connects("a device of another tenant's", connectAs(4, { user: 'nowhere' }), connackRefused(4), CODE_DEVICE_UNKNOWN),
  connects('an empty user name', connectAs(4, { user: '' }), connackRefused(4), CODE_DEVICE_UNKNOWN),
  connects('an inactive device, version 4', connectAs(4, { clientId: 'dev-off' }), connackRefused(5), CODE_DEVICE_INACTIVE),
  connects('an inactive device, version 5', connectAs(5, { clientId: 'dev-off' }), connackRefused5(0x87), CODE_DEVICE_INACTIVE),
  connects(
    'an inactive device with a wrong token',
    connectAs(4, { clientId: 'dev-off', password: 'x' }),
    connackRefused(4),
    CODE_CREDENTIALS_INVALID,
  ),
  connects(
    'a will on a topic that is not taken',
    connectAs(4, { flags: 0xe6, rest: willOn('gone/away') }),
    connackRefused(5),
    CODE_TOPIC_UNKNOWN,
  ),
  connects(
    'a will on a topic of another device',
    connectAs(5, { flags: 0xc6, properties: properties(noReasons), rest: [properties(), ...willOn('devices/dev-2/telemetry')] }),
    connackRefused5(0x87),
    CODE_TOPIC_FORBIDDEN,
  ),
  connects('an empty client id, version 4', connectAs(4, { clientId: '' }), connackRefused(2), CODE_DEVICE_UNKNOWN),
  connects('an empty client id, version 5', connectAs(5, { clientId: '' }), connackRefused5(0x85), CODE_DEVICE_UNKNOWN),
  connects(
    'an authentication method',
    connectAs(5, { properties: properties(noReasons, 0x15, 'SCRAM') }),
    connackRefused5(0x8c),
    CODE_MQTT_AUTH_UNSUPPORTED,
  ),
];

const goodConnects: MqttCase[] = [
  {
    name: 'CONNECT without a user name: the default tenant, version 5',
    level: 0,
    bytes: connectAs(5, { flags: 0x42, rest: [CASE_TOKEN] }),
    answer: connackAccepted[5],
  },
  { name: 'CONNECT with a tenant', level: 0, bytes: connectAs(4, { user: 'acme', password: CASE_TOKEN }), answer: connackAccepted[4] },
  { name: 'CONNECT with a will, version 4', level: 0, bytes: connectAs(4, { flags: 0xe6, rest: will }), answer: connackAccepted[4] },
  {
    name: 'CONNECT with a will and properties, version 5',
    level: 0,
    bytes: connectAs(5, {
      flags: 0xce,
      properties: properties(0x11, u16(0), u16(9), user),
      rest: [properties(0x18, u16(0), u16(1)), ...will],
    }),
    answer: connackAccepted[5],
  },
  {
    name: 'CONNECT and PUBLISH in one run of bytes',
    level: 0,
    bytes: bytes(connectAs(4), publish({ level: 4, topic: OWN, qos: 1, packetId: 5 }), PINGREQ, packet(0xe0)),
    answer: bytes(connackAccepted[4], PINGRESP, puback(5)),
    records: [1],
    closes: true,
  },
];

export const connectCases: readonly MqttCase[] = [...malformedConnects, ...refusedConnects, ...goodConnects];
