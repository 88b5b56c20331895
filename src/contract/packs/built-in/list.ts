import type { BuiltInPack } from '../pack.js';
import { esphome, homeAssistant, owntracks, shelly, tasmota, zigbee2mqtt } from './home.js';
import { chirpstack, sparkplug, theThingsStack } from './networks.js';
import { awsShadow, azure, telegraf, thingsboard, thingsboardGateway } from './platforms.js';
import { spillway } from './spillway.js';

/** Packs of conventions that devices follow by themselves, in the order in which their rules are tried. Those with fixed first levels come first. */
export const conventionPacks: readonly BuiltInPack[] = [
  ...[thingsboard, thingsboardGateway, awsShadow, azure],
  ...[zigbee2mqtt, homeAssistant],
  ...[theThingsStack, chirpstack],
  ...[owntracks, telegraf, sparkplug],
  ...[tasmota, shelly, esphome],
];

export const builtInPacks: readonly BuiltInPack[] = [spillway, ...conventionPacks];
