import type { TopicRule } from './topic-rule.js';

// Conventions that devices follow by themselves. A family that has one connection a device gives its readings to the connection,
// whatever the device calls itself (`own`); where one connection speaks for many, their names keep them apart (`prefix`).

type Fields = Omit<TopicRule, 'name' | 'pattern'>;

const own = (decoder: string, more: Partial<Fields> = {}): Fields => ({ device: 'level:device', decoder, unregistered: 'own', ...more });
const many = (decoder: string, more: Partial<Fields> = {}): Fields => ({
  device: 'level:device',
  decoder,
  unregistered: 'prefix',
  ...more,
});
const ignored: Fields = { device: 'connection', decoder: 'ignore' };
const connection = (decoder: string, more: Partial<Fields> = {}): Fields => ({ device: 'connection', decoder, ...more });

function family(name: string, ...rules: readonly (readonly [pattern: string, fields: Fields])[]): TopicRule[] {
  return rules.map(([pattern, fields]) => ({ name, pattern, ...fields }));
}

/** Topics of our own, which the gateway's kernel knows by itself: no rule of a tenant's changes what they mean. */
export const ownTopicRules: readonly TopicRule[] = family('spillway', [
  'devices/{device}/telemetry',
  { device: 'level:device', decoder: 'plain', unregistered: 'refuse' },
]);

const tasmota = family(
  'tasmota',
  ['tele/{device}/SENSOR', own('tasmota')],
  ['tele/{device}/STATE', own('tasmota')],
  ['{device}/tele/SENSOR', own('tasmota')],
  ['{device}/tele/STATE', own('tasmota')],
  ['stat/{device}/RESULT', own('tasmota')],
  ['stat/{device}/POWER', own('text', { valueName: 'POWER' })],
  ['tele/+/#', ignored],
  ['stat/+/#', ignored],
  ['tasmota/discovery/#', ignored],
);

const shelly = family(
  'shelly',
  ['{device}/events/rpc', own('shelly-rpc')],
  ['{device}/status/{component}', own('shelly-status', { prefix: '{component}' })],
  ['{device}/online', ignored],
  ['shellies/announce', ignored],
  ['shellies/{device}/announce', ignored],
  ['shellies/{device}/info', ignored],
  ['shellies/{device}/online', ignored],
  ['shellies/{device}/{component}/{index}/status', own('shelly-status', { prefix: '{component}.{index}' })],
  ['shellies/{device}/#', own('text', { valueName: '{#}' })],
);

const zigbee2mqtt = family(
  'zigbee2mqtt',
  ['zigbee2mqtt/bridge/#', ignored],
  ['zigbee2mqtt/{device}', many('zigbee2mqtt')],
  ['zigbee2mqtt/+/availability', ignored],
  ['zigbee2mqtt/{room}/{device}', connection('zigbee2mqtt', { prefix: '{room}.{device}' })],
);

const homeAssistant = family(
  'home-assistant',
  ['homeassistant/status', ignored],
  ['homeassistant/+/+/config', ignored],
  ['homeassistant/+/+/+/config', ignored],
  ['homeassistant/+/{device}/state', own('text')],
  ['homeassistant/+/{device}/{object}/state', own('text', { valueName: '{object}' })],
  ['homeassistant/+/+/availability', ignored],
);

const plainStates = ['sensor', 'binary_sensor', 'text_sensor', 'switch', 'number', 'select', 'lock', 'cover', 'fan', 'button', 'text'];
const esphome = family(
  'esphome',
  ...plainStates.map((component) => [`{device}/${component}/{name}/state`, own('text', { valueName: '{name}' })] as const),
  ['{device}/light/{name}/state', own('plain', { prefix: '{name}' })],
  ['{device}/climate/{name}/{part}/state', own('text', { valueName: '{name}.{part}' })],
  ['{device}/status', own('text', { valueName: 'status' })],
  ['{device}/debug', ignored],
);

const lorawan = [
  ...family('the-things-stack', ['v3/{application}/devices/{device}/up', many('the-things-stack')], ['v3/+/devices/+/#', ignored]),
  ...family(
    'chirpstack',
    ['application/{application}/device/{device}/event/up', many('chirpstack')],
    ['application/+/device/+/#', ignored],
  ),
];

const owntracks = family('owntracks', ['owntracks/{user}/{device}', own('owntracks')], ['owntracks/+/+/#', ignored]);

const thingsboard = [
  ...family(
    'thingsboard',
    ['v1/devices/me/telemetry', connection('plain')],
    ['v1/devices/me/attributes', connection('plain', { prefix: 'attributes' })],
    ['v1/devices/me/rpc/request/{request}', connection('ignore', { reply: 'session-limits' })],
    ['v1/devices/me/#', ignored],
  ),
  ...family(
    'thingsboard-gateway',
    ['v1/gateway/telemetry', { device: 'members', decoder: 'plain', unregistered: 'prefix' }],
    ['v1/gateway/attributes', { device: 'members', decoder: 'plain', unregistered: 'prefix', prefix: 'attributes' }],
    ['v1/gateway/#', ignored],
  ),
];

const clouds = [
  ...family(
    'aws-shadow',
    ['$aws/things/{device}/shadow/update', own('aws-shadow')],
    ['$aws/things/{device}/shadow/name/{shadow}/update', own('aws-shadow', { prefix: '{shadow}' })],
    ['$aws/things/+/#', ignored],
  ),
  ...family(
    'azure',
    ['devices/{device}/messages/events/#', own('plain', { hasProperties: true })],
    ['$iothub/twin/PATCH/properties/reported/#', connection('plain')],
    ['$iothub/#', ignored],
  ),
];

const telegraf = family(
  'telegraf',
  ['telegraf/{device}/{measurement}', many('telegraf')],
  ['telegraf/{measurement}', connection('telegraf')],
);

const sparkplug = family(
  'sparkplug',
  ['spBv1.0/STATE/#', ignored],
  ['spBv1.0/{group}/{type}/{device}', many('sparkplug')],
  ['spBv1.0/{group}/{type}/{node}/{device}', many('sparkplug')],
);

/** The rules that need no rule of the user's, tried after those of the tenant. Families with fixed first levels come first. */
export const conventionRules: readonly TopicRule[] = [
  ...thingsboard,
  ...clouds,
  ...zigbee2mqtt,
  ...homeAssistant,
  ...lorawan,
  ...owntracks,
  ...telegraf,
  ...sparkplug,
  ...tasmota,
  ...shelly,
  ...esphome,
];

export const builtInRules: readonly TopicRule[] = [...ownTopicRules, ...conventionRules];
