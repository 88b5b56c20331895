/** One message as a family of devices publishes it, and what it says. */
export interface Convention {
  readonly name: string;
  /** Id of the device that is connected; by default one of its own. */
  readonly device?: string;
  readonly topic: string;
  /** A text, or bytes in hex. */
  readonly payload: string | { readonly hex: string };
  readonly contentType?: string;
  /** By device: readings by metric. A boolean is 1 or 0. `ts` is the time of all of them; absent: the receive time. */
  readonly expected: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  readonly ts?: string;
}

const TEN = '2026-11-30T09:00:00.000Z';

/** Payloads of conventions that need no rule of the user's. Ids are invented. */
export const conventions: readonly Convention[] = [
  {
    name: 'Tasmota',
    device: 'plug-1',
    topic: 'tele/tasmota_5A3C1E/SENSOR',
    payload:
      '{"Time":"2026-11-30T10:00:00","DHT11":{"Temperature":20.5,"Humidity":51},"ENERGY":{"TotalStartTime":"2026-01-01T00:00:00","Power":12},"TempUnit":"C"}',
    expected: { 'plug-1': { 'DHT11.Temperature': 20.5, 'DHT11.Humidity': 51, 'ENERGY.Power': 12 } },
  },
  {
    name: 'Shelly Gen2',
    device: 'shellyplus1pm-02ab0007',
    topic: 'shellyplus1pm-02ab0007/events/rpc',
    payload:
      '{"src":"shellyplus1pm-02ab0007","dst":"shellyplus1pm-02ab0007/events","method":"NotifyStatus","params":{"ts":1796029200.25,"switch:0":{"id":0,"output":false,"apower":3.5,"aenergy":{"by_minute":[1.5],"minute_ts":1796029200,"total":7.25},"temperature":{"tC":40.5,"tF":104.9}}}}',
    expected: {
      'shellyplus1pm-02ab0007': {
        'switch:0.output': 0,
        'switch:0.apower': 3.5,
        'switch:0.aenergy.total': 7.25,
        'switch:0.temperature.tC': 40.5,
      },
    },
    ts: '2026-11-30T09:00:00.250Z',
  },
  {
    name: 'Shelly Gen1',
    device: 'shelly1-7',
    topic: 'shellies/shelly1-7/relay/0/power',
    payload: '23.75',
    expected: { 'shelly1-7': { 'relay.0.power': 23.75 } },
  },
  {
    name: 'Zigbee2MQTT',
    device: 'z2m',
    topic: 'zigbee2mqtt/0x02ab00fffe000007',
    payload: '{"battery":90,"contact":false,"last_seen":"2026-11-30T09:00:00.000Z","update":{"state":"idle"},"voltage":2995}',
    expected: {
      z2m: {
        '0x02ab00fffe000007.battery': 90,
        '0x02ab00fffe000007.contact': 0,
        '0x02ab00fffe000007.update.state': 'idle',
        '0x02ab00fffe000007.voltage': 2995,
      },
    },
    ts: TEN,
  },
  {
    name: 'ESPHome number',
    device: 'boiler-room',
    topic: 'boiler-room/sensor/water_temperature/state',
    payload: '52.5',
    expected: { 'boiler-room': { water_temperature: 52.5 } },
  },
  {
    name: 'ESPHome word',
    device: 'boiler-room-2',
    topic: 'boiler-room-2/binary_sensor/door/state',
    payload: 'ON',
    expected: { 'boiler-room-2': { door: 1 } },
  },
  {
    name: 'Home Assistant',
    device: 'attic',
    topic: 'homeassistant/sensor/attic/state',
    payload: '{"temperature":19.5,"humidity":44}',
    expected: { attic: { temperature: 19.5, humidity: 44 } },
  },
  {
    name: 'The Things Stack',
    device: 'tts',
    topic: 'v3/farm@acme/devices/soil-0007/up',
    payload:
      '{"end_device_ids":{"device_id":"soil-0007"},"received_at":"2026-11-30T09:00:00.212345678Z","uplink_message":{"f_port":2,"f_cnt":17,"frm_payload":"AA==","decoded_payload":{"temperature":8.5,"soil":{"moisture":33}},"received_at":"2026-11-30T09:00:00.012345678Z"}}',
    expected: { tts: { 'soil-0007.temperature': 8.5, 'soil-0007.soil.moisture': 33 } },
    ts: '2026-11-30T09:00:00.012Z',
  },
  {
    name: 'ChirpStack',
    device: 'chirp',
    topic: 'application/0b7c/device/02ab00fffe000007/event/up',
    payload:
      '{"deduplicationId":"d1","time":"2026-11-30T09:00:00.012345678+00:00","deviceInfo":{"devEui":"02ab00fffe000007"},"fCnt":17,"fPort":2,"data":"AA==","object":{"temperature":9.5},"rxInfo":[{"rssi":-90}]}',
    expected: { chirp: { '02ab00fffe000007.temperature': 9.5 } },
    ts: '2026-11-30T09:00:00.012Z',
  },
  {
    name: 'OwnTracks',
    device: 'van-3',
    topic: 'owntracks/acme/van-3',
    payload: '{"_type":"location","acc":9,"lat":52.5,"lon":10.25,"batt":71,"conn":"w","tid":"v3","t":"u","tst":1796029200}',
    expected: { 'van-3': { acc: 9, lat: 52.5, lon: 10.25, batt: 71 } },
    ts: TEN,
  },
  {
    name: 'AWS shadow',
    device: 'pump-0007',
    topic: '$aws/things/pump-0007/shadow/update',
    payload:
      '{"state":{"desired":{"door":"open"},"reported":{"temperature":22.5,"door":"closed","firmware":{"version":"1.0"}}},"clientToken":"t"}',
    expected: { 'pump-0007': { temperature: 22.5, door: 'closed', 'firmware.version': '1.0' } },
  },
  {
    name: 'ThingsBoard',
    device: 'tb-1',
    topic: 'v1/devices/me/telemetry',
    payload: '[{"ts":1796029200000,"values":{"temperature":18.5}}]',
    expected: { 'tb-1': { temperature: 18.5 } },
    ts: TEN,
  },
  {
    name: 'ThingsBoard gateway',
    device: 'tb-gw',
    topic: 'v1/gateway/telemetry',
    payload:
      '{"tb-child":[{"ts":1796029200000,"values":{"temperature":17.5}}],"unknown":[{"ts":1796029200000,"values":{"temperature":16.5}}]}',
    expected: { 'tb-child': { temperature: 17.5 }, 'tb-gw': { 'unknown.temperature': 16.5 } },
    ts: TEN,
  },
  {
    name: 'Azure',
    device: 'az-1',
    topic: 'devices/az-1/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8&site=a%26b',
    payload: '{"temperature":15.5}',
    expected: { 'az-1': { temperature: 15.5 } },
  },
  {
    name: 'Telegraf JSON',
    device: 'edge-07',
    topic: 'telegraf/edge-07/cpu',
    payload: '{"fields":{"usage_idle":95.5},"name":"cpu","tags":{"cpu":"cpu-total","host":"edge-07"},"timestamp":1796029200}',
    expected: { 'edge-07': { 'cpu.usage_idle{cpu=cpu-total}': 95.5 } },
    ts: TEN,
  },
  {
    name: 'Telegraf line protocol',
    device: 'edge-08',
    topic: 'telegraf/edge-08/volume',
    payload: 'volume,host=edge-08,label=data\\ one free=1234567i,state="ok, mounted",clean=true 1796029200000000000\n',
    expected: {
      'edge-08': {
        'volume.free{label=data one}': 1234567,
        'volume.state{label=data one}': 'ok, mounted',
        'volume.clean{label=data one}': 1,
      },
    },
    ts: TEN,
  },
  {
    name: 'an array of our own messages',
    topic: 'devices/{id}/telemetry',
    payload: '[{"ts":1796029200000,"metrics":{"temperature":21.25},"seq":42}]',
    expected: { '{id}': { temperature: 21.25 } },
    ts: TEN,
  },
  {
    name: 'flat JSON',
    topic: 'devices/{id}/telemetry',
    payload: '{"ts":1796029200000,"temperature":20.25,"open":true,"mode":"eco","fault":null,"seq":42}',
    expected: { '{id}': { temperature: 20.25, open: 1, mode: 'eco' } },
    ts: TEN,
  },
  {
    name: 'nested JSON',
    topic: 'devices/{id}/telemetry',
    payload: '{"ts":1796029200,"motor":{"bearing":{"temperature":60.5,"vibration":[2.5,2.75]},"rpm":1450},"mode":"auto"}',
    expected: {
      '{id}': {
        'motor.bearing.temperature': 60.5,
        'motor.bearing.vibration.0': 2.5,
        'motor.bearing.vibration.1': 2.75,
        'motor.rpm': 1450,
        mode: 'auto',
      },
    },
    ts: TEN,
  },
  {
    name: 'SenML JSON',
    topic: 'devices/{id}/telemetry',
    payload:
      '[{"bn":"urn:dev:mac:02ab00fffe000008:","bt":1796029200,"n":"temperature","u":"Cel","v":22.25},{"n":"door","vb":false},{"n":"mode","vs":"eco"}]',
    contentType: 'application/senml+json',
    expected: { '{id}': { temperature: 22.25, door: 0, mode: 'eco' } },
    ts: TEN,
  },
  {
    name: 'SenML CBOR',
    topic: 'devices/{id}/telemetry',
    payload: {
      hex: '82a521781d75726e3a6465763a6d61633a303261623030666666653030303030393a221a6b0d3b10006b74656d7065726174757265016343656c02fb4036800000000000a20064646f6f7204f5',
    },
    contentType: 'application/senml+cbor',
    expected: { '{id}': { temperature: 22.5, door: 1 } },
    ts: TEN,
  },
  {
    name: 'Sparkplug edge node',
    device: 'edge-09',
    topic: 'spBv1.0/plant-1/NDATA/edge-09',
    payload: { hex: '0880edbadda234121b0a0b54656d70657261747572651880edbadda2342009650000ba411803' },
    expected: { 'edge-09': { Temperature: 23.25 } },
    ts: TEN,
  },
  {
    name: 'Sparkplug device',
    device: 'edge-10',
    topic: 'spBv1.0/plant-1/DDATA/edge-10/pump-3',
    payload: { hex: '0880edbadda234121b0a0b54656d70657261747572651880edbadda2342009650000ba411803' },
    expected: { 'edge-10': { 'pump-3.Temperature': 23.25 } },
    ts: TEN,
  },
  { name: 'a bare number', topic: 'devices/{id}/telemetry', payload: '46.5\n', expected: { '{id}': { value: 46.5 } } },
];

/** Messages of the same families that are no telemetry: acknowledged, without readings and without a dead letter. */
export const silent: readonly (readonly [topic: string, payload: string])[] = [
  ['tele/tasmota_5A3C1E/LWT', 'Online'],
  ['homeassistant/sensor/attic_t/config', '{"name":"Attic","state_topic":"homeassistant/sensor/attic/state","unit_of_measurement":"°C"}'],
  ['zigbee2mqtt/bridge/state', '{"state":"online"}'],
  ['zigbee2mqtt/0x02ab00fffe000007/availability', '{"state":"online"}'],
  ['zigbee2mqtt/removed', ''],
  ['boiler-room/debug', '[D][sensor:094]: no JSON'],
];
