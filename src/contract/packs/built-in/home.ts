import type { BuiltInPack } from '../pack.js';
import { connection, ignored, many, own, rulesOf, TEN, vector } from './rules.js';

export const tasmota: BuiltInPack = {
  name: 'tasmota',
  version: '1.0.0',
  vendor: 'Tasmota',
  description: 'plugs, switches and sensors with the Tasmota firmware',
  topicRules: rulesOf(
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
  ),
  vectors: [
    vector(
      'readings of sensors',
      'tele/tasmota_5A3C1E/SENSOR',
      '{"Time":"2026-11-30T10:00:00","DHT11":{"Temperature":20.5,"Humidity":51},"ENERGY":{"TotalStartTime":"2026-01-01T00:00:00","Power":12},"TempUnit":"C"}',
      { 'DHT11.Temperature': 20.5, 'DHT11.Humidity': 51, 'ENERGY.Power': 12 },
      { device: 'plug-1' },
    ),
    vector('state of a switch', 'stat/tasmota_5A3C1E/POWER', 'ON', { POWER: 1 }, { device: 'plug-2' }),
    vector('the will', 'tele/tasmota_5A3C1E/LWT', 'Online'),
  ],
};

export const shelly: BuiltInPack = {
  name: 'shelly',
  version: '1.0.0',
  vendor: 'Shelly',
  description: 'Shelly devices of the first and the second generation',
  topicRules: rulesOf(
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
  ),
  vectors: [
    vector(
      'a notice of the second generation',
      'shellyplus1pm-02ab0007/events/rpc',
      '{"src":"shellyplus1pm-02ab0007","dst":"shellyplus1pm-02ab0007/events","method":"NotifyStatus","params":{"ts":1796029200.25,"switch:0":{"id":0,"output":false,"apower":3.5,"aenergy":{"by_minute":[1.5],"minute_ts":1796029200,"total":7.25},"temperature":{"tC":40.5,"tF":104.9}}}}',
      {
        'switch:0.output': 0,
        'switch:0.apower': 3.5,
        'switch:0.aenergy.total': 7.25,
        'switch:0.temperature.tC': 40.5,
      },
      { device: 'shellyplus1pm-02ab0007', ts: '2026-11-30T09:00:00.250Z' },
    ),
    vector(
      'a value of the first generation',
      'shellies/shelly1-7/relay/0/power',
      '23.75',
      { 'relay.0.power': 23.75 },
      { device: 'shelly1-7' },
    ),
    vector('an announcement', 'shellies/announce', '{"id":"shelly1-7","model":"SHSW-1"}'),
  ],
};

export const zigbee2mqtt: BuiltInPack = {
  name: 'zigbee2mqtt',
  version: '1.0.0',
  vendor: 'Zigbee2MQTT',
  description: 'Zigbee devices behind a Zigbee2MQTT bridge',
  topicRules: rulesOf(
    'zigbee2mqtt',
    ['zigbee2mqtt/bridge/#', ignored],
    ['zigbee2mqtt/{device}', many('zigbee2mqtt')],
    ['zigbee2mqtt/+/availability', ignored],
    ['zigbee2mqtt/{room}/{device}', connection('zigbee2mqtt', { prefix: '{room}.{device}' })],
  ),
  vectors: [
    vector(
      'a device that is not registered',
      'zigbee2mqtt/0x02ab00fffe000007',
      '{"battery":90,"contact":false,"last_seen":"2026-11-30T09:00:00.000Z","update":{"state":"idle"},"voltage":2995}',
      {
        '0x02ab00fffe000007.battery': 90,
        '0x02ab00fffe000007.contact': 0,
        '0x02ab00fffe000007.update.state': 'idle',
        '0x02ab00fffe000007.voltage': 2995,
      },
      { device: 'z2m', ts: TEN },
    ),
    vector('state of the bridge', 'zigbee2mqtt/bridge/state', '{"state":"online"}'),
    vector('availability', 'zigbee2mqtt/0x02ab00fffe000007/availability', '{"state":"online"}'),
  ],
};

export const homeAssistant: BuiltInPack = {
  name: 'home-assistant',
  version: '1.0.0',
  vendor: 'Home Assistant',
  description: 'devices that publish for the MQTT discovery of Home Assistant',
  topicRules: rulesOf(
    'home-assistant',
    ['homeassistant/status', ignored],
    ['homeassistant/+/+/config', ignored],
    ['homeassistant/+/+/+/config', ignored],
    ['homeassistant/+/{device}/state', own('text')],
    ['homeassistant/+/{device}/{object}/state', own('text', { valueName: '{object}' })],
    ['homeassistant/+/+/availability', ignored],
  ),
  vectors: [
    vector(
      'state of a sensor',
      'homeassistant/sensor/attic/state',
      '{"temperature":19.5,"humidity":44}',
      { temperature: 19.5, humidity: 44 },
      { device: 'attic' },
    ),
    vector(
      'a discovery document',
      'homeassistant/sensor/attic_t/config',
      '{"name":"Attic","state_topic":"homeassistant/sensor/attic/state","unit_of_measurement":"°C"}',
    ),
  ],
};

const plainStates = ['sensor', 'binary_sensor', 'text_sensor', 'switch', 'number', 'select', 'lock', 'cover', 'fan', 'button', 'text'];

export const esphome: BuiltInPack = {
  name: 'esphome',
  version: '1.0.0',
  vendor: 'ESPHome',
  description: 'devices with the ESPHome firmware',
  topicRules: rulesOf(
    'esphome',
    ...plainStates.map((component) => [`{device}/${component}/{name}/state`, own('text', { valueName: '{name}' })] as const),
    ['{device}/light/{name}/state', own('plain', { prefix: '{name}' })],
    ['{device}/climate/{name}/{part}/state', own('text', { valueName: '{name}.{part}' })],
    ['{device}/status', own('text', { valueName: 'status' })],
    ['{device}/debug', ignored],
  ),
  vectors: [
    vector('a number', 'boiler-room/sensor/water_temperature/state', '52.5', { water_temperature: 52.5 }, { device: 'boiler-room' }),
    vector('a word', 'boiler-room-2/binary_sensor/door/state', 'ON', { door: 1 }, { device: 'boiler-room-2' }),
    vector('a line of the log', 'boiler-room/debug', '[D][sensor:094]: no JSON'),
  ],
};

export const owntracks: BuiltInPack = {
  name: 'owntracks',
  version: '1.0.0',
  vendor: 'OwnTracks',
  description: 'positions of phones and vehicles',
  topicRules: rulesOf('owntracks', ['owntracks/{user}/{device}', own('owntracks')], ['owntracks/+/+/#', ignored]),
  vectors: [
    vector(
      'a position',
      'owntracks/acme/van-3',
      '{"_type":"location","acc":9,"lat":52.5,"lon":10.25,"batt":71,"conn":"w","tid":"v3","t":"u","tst":1796029200}',
      { acc: 9, lat: 52.5, lon: 10.25, batt: 71 },
      { device: 'van-3', ts: TEN },
    ),
    vector('a crossing of a region', 'owntracks/acme/van-3/event', '{"_type":"transition","event":"enter"}'),
  ],
};
