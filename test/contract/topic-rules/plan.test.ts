import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_CBOR, FORMAT_JSON } from '../../../assembly/abi/block.js';
import { CODE_DEVICE_UNKNOWN, CODE_TOPIC_FORBIDDEN } from '../../../assembly/abi/codes.js';
import { formatOfContentType } from '../../../src/contract/content-types.js';
import { bindDevice } from '../../../src/contract/topic-rules/bind.js';
import { builtInRules } from '../../../src/contract/topic-rules/built-in.js';
import { planOf, type TopicPlan } from '../../../src/contract/topic-rules/plan.js';
import { RuleSet } from '../../../src/contract/topic-rules/rule-set.js';

const builtIn = new RuleSet(builtInRules);

function planned(topic: string, set = builtIn): TopicPlan | undefined {
  const match = set.match(topic);
  return match && planOf(match);
}

/** What a topic of a convention says, in short: decoder, device, prefix, name of a lone value. */
function said(topic: string): string {
  const plan = planned(topic);
  if (!plan) return 'none';
  const device = plan.device.kind === 'device' ? plan.device.id : plan.device.kind;
  return [plan.decoder, device, plan.prefix, plan.valueName].join(' ').trimEnd();
}

test('each convention is known by its topics', () => {
  const topics: Record<string, string> = {
    'tele/tasmota_5A3C1E/SENSOR': 'tasmota tasmota_5A3C1E',
    'tele/tasmota_5A3C1E/LWT': 'ignore connection',
    'stat/tasmota_5A3C1E/POWER': 'text tasmota_5A3C1E  POWER',
    'shellyplus1pm-02ab00000007/events/rpc': 'shelly-rpc shellyplus1pm-02ab00000007',
    'shellyplus1pm-02ab00000007/status/switch:0': 'shelly-status shellyplus1pm-02ab00000007 switch:0.',
    'shellies/shelly1-7/relay/0/power': 'text shelly1-7  relay.0.power',
    'shellies/announce': 'ignore connection',
    'zigbee2mqtt/0x02ab00fffe000007': 'zigbee2mqtt 0x02ab00fffe000007',
    'zigbee2mqtt/bridge/state': 'ignore connection',
    'zigbee2mqtt/kitchen/lamp': 'zigbee2mqtt connection kitchen.lamp.',
    'boiler-room/sensor/water_temperature/state': 'text boiler-room  water_temperature',
    'boiler-room/binary_sensor/door/state': 'text boiler-room  door',
    'boiler-room/debug': 'ignore connection',
    'homeassistant/sensor/attic/state': 'text attic',
    'homeassistant/sensor/attic_t/config': 'ignore connection',
    'homeassistant/sensor/attic/t/config': 'ignore connection',
    'v3/farm-demo@acme/devices/soil-0007/up': 'the-things-stack soil-0007',
    'v3/farm-demo@acme/devices/soil-0007/join': 'ignore connection',
    'application/5f0c2a7e/device/02ab00fffe000007/event/up': 'chirpstack 02ab00fffe000007',
    'application/5f0c2a7e/device/02ab00fffe000007/event/ack': 'ignore connection',
    'owntracks/acme/van-3': 'owntracks van-3',
    'owntracks/acme/van-3/event': 'ignore connection',
    '$aws/things/pump-0007/shadow/update': 'aws-shadow pump-0007',
    '$aws/things/pump-0007/shadow/get': 'ignore connection',
    'v1/devices/me/telemetry': 'plain connection',
    'v1/devices/me/attributes': 'plain connection attributes.',
    'v1/devices/me/rpc/request/1': 'ignore connection',
    'v1/gateway/telemetry': 'plain members',
    'devices/pump-0007/messages/events/': 'plain pump-0007',
    'telegraf/edge-07/cpu': 'telegraf edge-07',
    'spBv1.0/plant-1/NDATA/edge-07': 'sparkplug edge-07',
    'spBv1.0/plant-1/DDATA/edge-07/pump-3': 'sparkplug pump-3',
    'devices/d1/telemetry': 'plain d1',
    'somewhere/else': 'none',
    'devices/d1/commands': 'none',
  };
  assert.deepEqual(Object.fromEntries(Object.keys(topics).map((topic) => [topic, said(topic)])), topics);
});

test('properties in a topic of Azure choose the format', () => {
  const events = 'devices/p/messages/events/';
  assert.equal(planned(`${events}%24.ct=application%2Fjson&%24.ce=utf-8&site%20one=a%26b`)?.format, FORMAT_JSON);
  assert.equal(planned(`${events}unit=C&$.ct=application/cbor`)?.format, FORMAT_CBOR);
  for (const odd of ['%', '%zz=%', '=', '&&', '%24.ct', '%24.ct=']) assert.equal(planned(events + odd)?.format, 0, odd);
});

test('a media type is read in any case and without its parameters', () => {
  assert.equal(formatOfContentType('Application/JSON; charset=utf-8'), FORMAT_JSON);
  assert.equal(formatOfContentType(' application/cbor '), FORMAT_CBOR);
  assert.equal(formatOfContentType('image/png'), 0);
});

test('a topic whose names no metric could have is planned by nobody', () => {
  assert.equal(planned(`shellies/s/${'x'.repeat(256)}`), undefined);
  assert.equal(planned(`shellies/s/${'x'.repeat(255)}`)?.valueName.length, 255);
});

test('a device that a topic names is the connection, its own device, or none of its own', () => {
  const devices = new Map([
    ['gw', { number: 1, via: 0 }],
    ['child', { number: 2, via: 1 }],
    ['other', { number: 3, via: 0 }],
  ]);
  const bound = (id: string, unregistered: 'own' | 'prefix' | 'refuse') => {
    const { code, device, prefix } = bindDevice(id, unregistered, { number: 1, id: 'gw' }, (name) => devices.get(name));
    return [code, device, prefix];
  };
  for (const unregistered of ['own', 'prefix', 'refuse'] as const) {
    assert.deepEqual(bound('gw', unregistered), [0, 1, '']);
    assert.deepEqual(bound('child', unregistered), [0, 2, '']);
    assert.deepEqual(bound('other', unregistered), [CODE_TOPIC_FORBIDDEN, 3, '']);
  }
  assert.deepEqual(bound('new', 'own'), [0, 1, '']);
  assert.deepEqual(bound('new', 'prefix'), [0, 1, 'new.']);
  assert.deepEqual(bound('new', 'refuse'), [CODE_DEVICE_UNKNOWN, 1, '']);
  const gateway = { number: 1, id: 'gw', isGateway: true };
  assert.equal(bindDevice('new', 'own', gateway, () => undefined).prefix, 'new.', 'a gateway device speaks for many');
  assert.deepEqual(bound('x'.repeat(128), 'prefix'), [CODE_DEVICE_UNKNOWN, 1, '']);
});
