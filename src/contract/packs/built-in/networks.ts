import type { BuiltInPack } from '../pack.js';
import { ignored, many, rulesOf, TEN, vector } from './rules.js';

export const theThingsStack: BuiltInPack = {
  name: 'the-things-stack',
  version: '1.0.0',
  vendor: 'The Things Industries',
  description: 'LoRaWAN devices behind The Things Stack v3',
  topicRules: rulesOf(
    'the-things-stack',
    ['v3/{application}/devices/{device}/up', many('the-things-stack')],
    ['v3/+/devices/+/#', ignored],
  ),
  vectors: [
    vector(
      'an uplink',
      'v3/farm@acme/devices/soil-0007/up',
      '{"end_device_ids":{"device_id":"soil-0007"},"received_at":"2026-11-30T09:00:00.212345678Z","uplink_message":{"f_port":2,"f_cnt":17,"frm_payload":"AA==","decoded_payload":{"temperature":8.5,"soil":{"moisture":33}},"received_at":"2026-11-30T09:00:00.012345678Z"}}',
      { 'soil-0007.temperature': 8.5, 'soil-0007.soil.moisture': 33 },
      { device: 'tts', ts: '2026-11-30T09:00:00.012345Z' },
    ),
    vector('a join', 'v3/farm@acme/devices/soil-0007/join', '{"end_device_ids":{"device_id":"soil-0007"}}'),
  ],
};

export const chirpstack: BuiltInPack = {
  name: 'chirpstack',
  version: '1.0.0',
  vendor: 'ChirpStack',
  description: 'LoRaWAN devices behind ChirpStack v4',
  topicRules: rulesOf(
    'chirpstack',
    ['application/{application}/device/{device}/event/up', many('chirpstack')],
    ['application/+/device/+/#', ignored],
  ),
  vectors: [
    vector(
      'an uplink',
      'application/0b7c/device/02ab00fffe000007/event/up',
      '{"deduplicationId":"d1","time":"2026-11-30T09:00:00.012345678+00:00","deviceInfo":{"devEui":"02ab00fffe000007"},"fCnt":17,"fPort":2,"data":"AA==","object":{"temperature":9.5},"rxInfo":[{"rssi":-90}]}',
      { '02ab00fffe000007.temperature': 9.5 },
      { device: 'chirp', ts: '2026-11-30T09:00:00.012345Z' },
    ),
    vector(
      'an uplink in Protobuf',
      'application/0b7c/device/02ab00fffe000008/event/up',
      { hex: '0a026431120b0890f6b4d80610cec2f10538115a1a0a180a0b74656d70657261747572651209110000000000002340' },
      { '02ab00fffe000008.temperature': 9.5 },
      { device: 'chirp-protobuf', ts: '2026-11-30T09:00:00.012345Z' },
    ),
    vector('an acknowledgement', 'application/0b7c/device/02ab00fffe000007/event/ack', '{"acknowledged":true}'),
  ],
};

const NODE = { hex: '0880edbadda234121b0a0b54656d70657261747572651880edbadda2342009650000ba411803' };

export const sparkplug: BuiltInPack = {
  name: 'sparkplug',
  version: '1.0.0',
  vendor: 'Eclipse Sparkplug',
  description: 'edge nodes and devices of Sparkplug B',
  topicRules: rulesOf(
    'sparkplug',
    ['spBv1.0/STATE/#', ignored],
    ['spBv1.0/{group}/NCMD/#', ignored],
    ['spBv1.0/{group}/DCMD/#', ignored],
    ['spBv1.0/{group}/{type}/{device}', many('sparkplug')],
    ['spBv1.0/{group}/{type}/{node}/{device}', many('sparkplug')],
  ),
  vectors: [
    vector('data of an edge node', 'spBv1.0/plant-1/NDATA/edge-09', NODE, { Temperature: 23.25 }, { device: 'edge-09', ts: TEN }),
    vector(
      'data of a device',
      'spBv1.0/plant-1/DDATA/edge-10/pump-3',
      NODE,
      { 'pump-3.Temperature': 23.25 },
      { device: 'edge-10', ts: TEN },
    ),
  ],
};
