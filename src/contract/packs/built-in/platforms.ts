import type { BuiltInPack } from '../pack.js';
import { connection, ignored, many, own, rulesOf, TEN, vector } from './rules.js';

export const thingsboard: BuiltInPack = {
  name: 'thingsboard',
  version: '1.0.0',
  vendor: 'ThingsBoard',
  description: 'devices that use ThingsBoard’s MQTT API',
  topicRules: rulesOf(
    'thingsboard',
    ['v1/devices/me/telemetry', connection('plain')],
    ['v1/devices/me/attributes', connection('plain', { prefix: 'attributes' })],
    ['v1/devices/me/rpc/request/{request}', connection('ignore', { reply: 'session-limits' })],
    ['v1/devices/me/#', ignored],
  ),
  vectors: [
    vector(
      'telemetry',
      'v1/devices/me/telemetry',
      '[{"ts":1796029200000,"values":{"temperature":18.5}}]',
      { temperature: 18.5 },
      { device: 'tb-1', ts: TEN },
    ),
    vector('attributes', 'v1/devices/me/attributes', '{"firmware":"1.2"}', { 'attributes.firmware': '1.2' }, { device: 'tb-2' }),
  ],
};

export const thingsboardGateway: BuiltInPack = {
  name: 'thingsboard-gateway',
  version: '1.0.0',
  vendor: 'ThingsBoard',
  description: 'ThingsBoard’s IoT gateway, whose payloads name their devices',
  topicRules: rulesOf(
    'thingsboard-gateway',
    ['v1/gateway/telemetry', { device: 'members', decoder: 'plain', unregistered: 'prefix' }],
    ['v1/gateway/attributes', { device: 'members', decoder: 'plain', unregistered: 'prefix', prefix: 'attributes' }],
    ['v1/gateway/#', ignored],
  ),
  vectors: [
    vector(
      'telemetry of two devices',
      'v1/gateway/telemetry',
      '{"tb-child":[{"ts":1796029200000,"values":{"temperature":17.5}}],"unknown":[{"ts":1796029200000,"values":{"temperature":16.5}}]}',
      { 'unknown.temperature': 16.5 },
      { device: 'tb-gw', children: ['tb-child'], others: { 'tb-child': { temperature: 17.5 } }, ts: TEN },
    ),
    vector('a device connects', 'v1/gateway/connect', '{"device":"tb-child"}'),
  ],
};

export const awsShadow: BuiltInPack = {
  name: 'aws-shadow',
  version: '1.0.0',
  vendor: 'AWS',
  description: 'device shadows of AWS IoT',
  topicRules: rulesOf(
    'aws-shadow',
    ['$aws/things/{device}/shadow/update', own('aws-shadow')],
    ['$aws/things/{device}/shadow/name/{shadow}/update', own('aws-shadow', { prefix: '{shadow}' })],
    ['$aws/things/+/#', ignored],
  ),
  vectors: [
    vector(
      'what a device reports',
      '$aws/things/pump-0007/shadow/update',
      '{"state":{"desired":{"door":"open"},"reported":{"temperature":22.5,"door":"closed","firmware":{"version":"1.0"}}},"clientToken":"t"}',
      { temperature: 22.5, door: 'closed', 'firmware.version': '1.0' },
      { device: 'pump-0007' },
    ),
    vector('a question', '$aws/things/pump-0007/shadow/get', ''),
  ],
};

export const azure: BuiltInPack = {
  name: 'azure',
  version: '1.0.0',
  vendor: 'Microsoft',
  description: 'devices with an SDK of Azure IoT Hub',
  topicRules: rulesOf(
    'azure',
    ['devices/{device}/messages/events/#', own('plain', { hasProperties: true })],
    ['$iothub/twin/PATCH/properties/reported/#', connection('plain')],
    ['$iothub/#', ignored],
  ),
  vectors: [
    vector(
      'an event with properties',
      'devices/az-1/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8&site=a%26b',
      '{"temperature":15.5}',
      { temperature: 15.5 },
      { device: 'az-1' },
    ),
  ],
};

export const telegraf: BuiltInPack = {
  name: 'telegraf',
  version: '1.0.0',
  vendor: 'InfluxData',
  description: 'Telegraf’s MQTT output in JSON or line protocol',
  topicRules: rulesOf(
    'telegraf',
    ['telegraf/{device}/{measurement}', many('telegraf')],
    ['telegraf/{measurement}', connection('telegraf')],
  ),
  vectors: [
    vector(
      'JSON',
      'telegraf/edge-07/cpu',
      '{"fields":{"usage_idle":95.5},"name":"cpu","tags":{"cpu":"cpu-total","host":"edge-07"},"timestamp":1796029200}',
      { 'cpu.usage_idle{cpu=cpu-total}': 95.5 },
      { device: 'edge-07', ts: TEN },
    ),
    vector(
      'line protocol',
      'telegraf/edge-08/volume',
      'volume,host=edge-08,label=data\\ one free=1234567i,state="ok, mounted",clean=true 1796029200000000000\n',
      {
        'volume.free{label=data one}': 1234567,
        'volume.state{label=data one}': 'ok, mounted',
        'volume.clean{label=data one}': 1,
      },
      { device: 'edge-08', ts: TEN },
    ),
  ],
};
