import type { BuiltInPack } from '../pack.js';
import { rulesOf, TEN, vector } from './rules.js';

const name = 'spillway';

type Values = Parameters<typeof vector>[3];
type Options = Parameters<typeof vector>[4];

/** The device is called as the vector is. */
function ownVector(title: string, payload: Parameters<typeof vector>[2], values: Values, options: Options = {}) {
  const device = title.replaceAll(' ', '-');
  return vector(title, `devices/${device}/telemetry`, payload, values, { device, ts: TEN, ...options });
}

/** Topics of our own, which the gateway's kernel knows by itself: no rule of a tenant's changes what they mean. */
export const spillway: BuiltInPack = {
  name,
  version: '1.0.0',
  vendor: 'Spillway',
  description: 'JSON, CBOR, MessagePack, SenML and single values on topics of Spillway’s own',
  isFixed: true,
  topicRules: rulesOf(name, ['devices/{device}/telemetry', { device: 'level:device', decoder: 'plain', unregistered: 'refuse' }]),
  vectors: [
    ownVector('an array of messages', '[{"ts":1796029200000,"metrics":{"temperature":21.25},"seq":42}]', { temperature: 21.25 }),
    ownVector('flat JSON', '{"ts":1796029200000,"temperature":20.25,"open":true,"mode":"eco","fault":null,"seq":42}', {
      temperature: 20.25,
      open: 1,
      mode: 'eco',
    }),
    ownVector('nested JSON', '{"ts":1796029200,"motor":{"bearing":{"temperature":60.5,"vibration":[2.5,2.75]},"rpm":1450},"mode":"auto"}', {
      'motor.bearing.temperature': 60.5,
      'motor.bearing.vibration.0': 2.5,
      'motor.bearing.vibration.1': 2.75,
      'motor.rpm': 1450,
      mode: 'auto',
    }),
    ownVector(
      'SenML JSON',
      '[{"bn":"urn:dev:mac:02ab00fffe000008:","bt":1796029200,"n":"temperature","u":"Cel","v":22.25},{"n":"door","vb":false},{"n":"mode","vs":"eco"}]',
      { temperature: 22.25, door: 0, mode: 'eco' },
      { contentType: 'application/senml+json' },
    ),
    ownVector(
      'SenML CBOR',
      {
        hex: '82a521781d75726e3a6465763a6d61633a303261623030666666653030303030393a221a6b0d3b10006b74656d7065726174757265016343656c02fb4036800000000000a20064646f6f7204f5',
      },
      { temperature: 22.5, door: 1 },
      { contentType: 'application/senml+cbor' },
    ),
    vector('a bare number', 'devices/d-1/telemetry', '46.5\n', { value: 46.5 }, { device: 'd-1' }),
    vector(
      'a device that is not registered',
      'devices/nobody/telemetry',
      '{"temperature":1}',
      {},
      { device: 'd-1', reason: 'device_unknown' },
    ),
  ],
};
