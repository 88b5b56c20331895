import { FORMAT_BY_SHAPE } from '../abi/block';
import {
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_UNKNOWN,
  CODE_MQTT_TOPIC_MALFORMED,
  CODE_MQTT_UNRELEASED_EXHAUSTED,
  CODE_NONE,
  CODE_TOPIC_FORBIDDEN,
  CODE_TOPIC_UNKNOWN,
} from '../abi/codes';
import {
  DENIALS_SOME,
  DEVICE_ACTIVE,
  DEVICE_AT_DENIALS,
  DEVICE_AT_ID_BYTES,
  DEVICE_AT_NEXT,
  DEVICE_AT_NUMBER,
  DEVICE_AT_STATUS,
  DEVICE_AT_VIA,
  ROUTE_AT_CONTEXT,
  ROUTE_AT_CONTEXT_BYTES,
  ROUTE_AT_DEVICE,
  ROUTE_AT_FORMAT,
  ROUTE_AT_KIND,
  ROUTE_TO_DEVICE,
  ROUTE_TO_HOST,
  ROUTE_TOPIC_BYTES_MAX,
} from '../abi/gateway';
import { find, idOf, sameId } from '../directory/devices';
import { prefetchDevices } from './prefetch';
import { AT_DEVICE, AT_ID, AT_ID_BYTES, AT_LAST_DEVICE, AT_LEVEL, AT_TENANT, AT_TENANT_BYTES, AT_TENANT_HASH } from './connections';
import { LEVEL_5 } from './control';
import { findRoute } from '../routes/table';
import { topicLevel, topicName } from '../utf8';

// devices/{id}/telemetry              the connection's tenant
// tenant/{tenant}/device/{id}/data
//
// Words of text are little-endian.
const DEVICES_: u64 = 0x2f73656369766564; // "devices/"
const _TELEMET: u64 = 0x74656d656c65742f; // "/telemet"
const RY: u16 = 0x7972;
const TENANT_: u64 = 0x2f746e616e6574; // "tenant/", seven bytes
const _DEVICE_: u64 = 0x2f6563697665642f; // "/device/"
const _DAT: u32 = 0x7461642f; // "/dat"
const SEVEN_BYTES: u64 = 0x00ffffffffffffff;

/** In place of a code: the host has to say what the topic means. The message was not taken; look at it again after addRoute. */
export const ROUTE_UNKNOWN: u32 = 0xfffffffc;
/** In place of CODE_NONE: contextAt, contextBytes and topicFormat say how the payload is read. */
export const ROUTED: u32 = 0xfffffff9;
/** In place of a code: the host takes the message in. */
export const ROUTE_OF_HOST: u32 = 0xfffffffb;

/** The device that the last accepted topic names. */
export let topicDevice: usize = 0;
/** What the last topic that was ROUTED says about its payload: the context that comes before it, and its content format. */
export let contextAt: usize = 0;
export let contextBytes: u32 = 0;
export let topicFormat: u32 = FORMAT_BY_SHAPE;

/** Whether messages of version 3.1.1 on topics that are not taken become dead letters, for they cannot be refused alone. */
let keepsNotTaken: bool = false;

/** Once, before the first turn. */
export function keepNotTaken(): void {
  keepsNotTaken = true;
}

/**
 * Whether a message of this connection that is refused with `code` is acknowledged all the same [MQTT-3.3.5-2]. One that may be taken when the
 * client sends it again is not: another process may have registered its device a moment ago, and room for packet ids comes back.
 */
@inline
export function isAcknowledged(connection: usize, code: u32): bool {
  const maySucceedLater = code == CODE_DEVICE_UNKNOWN || code == CODE_MQTT_UNRELEASED_EXHAUSTED;
  return keepsNotTaken && !maySucceedLater && <u32>load<u8>(connection, AT_LEVEL) != LEVEL_5;
}

let tenantAt: usize = 0;
let tenantBytes: u32 = 0;
let idAt: usize = 0;
let idBytes: u32 = 0;

/** Finds tenant and id in a topic of one of the two shapes; with tenantAt 0 the topic names no tenant, and the connection's is meant. */
function matchShape(at: usize, bytes: u32): bool {
  if (bytes > 18 && load<u64>(at) == DEVICES_) {
    tenantAt = 0;
    idAt = at + 8;
    idBytes = bytes - 18;
    const tail = idAt + idBytes;
    return load<u64>(tail) == _TELEMET && load<u16>(tail, 8) == RY;
  }
  if (bytes <= 20 || (load<u64>(at) & SEVEN_BYTES) != TENANT_) return false;
  const end = at + bytes;
  tenantAt = at + 7;
  let slash = tenantAt;
  while (slash < end && load<u8>(slash) != 0x2f) slash++;
  tenantBytes = <u32>(slash - tenantAt);
  if (tenantBytes == 0 || end - slash <= 13 || load<u64>(slash) != _DEVICE_) return false;
  idAt = slash + 8;
  idBytes = <u32>(end - 5 - idAt);
  return load<u32>(end - 5) == _DAT && load<u8>(end - 1) == 0x61;
}

/**
 * CODE_NONE or ROUTED when the connection may publish on the topic: topicDevice is then the device it names. Else the code that refuses it,
 * or what the host has to do.
 */
export function resolveTopic(connection: usize, at: usize, bytes: u32): u32 {
  const sender = <usize>load<u32>(connection, AT_DEVICE);
  if ((<u32>load<u8>(sender, DEVICE_AT_DENIALS) & DENIALS_SOME) != 0 && !isAllowed(sender, at, bytes)) return resolveRoute(connection, at, bytes);
  if (!matchShape(at, bytes)) return resolveRoute(connection, at, bytes);
  const tenant = <usize>load<u32>(connection, AT_TENANT);
  const ownTenantBytes = <u32>load<u8>(connection, AT_TENANT_BYTES);
  if (tenantAt != 0 && (tenantBytes != ownTenantBytes || !sameId(tenantAt, tenant, tenantBytes))) {
    return refusedShape(connection, at, bytes, CODE_TOPIC_FORBIDDEN);
  }
  topicDevice = sender;
  const own = load<u8>(connection, AT_ID_BYTES) == idBytes && sameId(<usize>load<u32>(connection, AT_ID), idAt, idBytes);
  if (!own) {
    const number = load<u32>(topicDevice, DEVICE_AT_NUMBER);
    const last = <usize>load<u32>(connection, AT_LAST_DEVICE);
    topicDevice = <usize>load<u32>(last, DEVICE_AT_NEXT);
    if (topicDevice == 0 || load<u8>(topicDevice, DEVICE_AT_ID_BYTES) != idBytes || !sameId(idOf(topicDevice), idAt, idBytes)) {
      topicDevice = find(tenant, ownTenantBytes, load<u64>(connection, AT_TENANT_HASH), idAt, idBytes);
      if (topicDevice == 0) return refusedShape(connection, at, bytes, CODE_DEVICE_UNKNOWN);
    }
    if (load<u32>(topicDevice, DEVICE_AT_VIA) != number) return refusedShape(connection, at, bytes, CODE_TOPIC_FORBIDDEN);
    // A gateway device often publishes for its devices in the same order, so the device that followed `last` the last time is
    // tried first. It is of the same tenant, and a device keeps its name, so the same id proves that it is the right one.
    if (load<u32>(last, DEVICE_AT_NEXT) != <u32>topicDevice) store<u32>(last, <u32>topicDevice, DEVICE_AT_NEXT);
    store<u32>(connection, <u32>topicDevice, AT_LAST_DEVICE);
    prefetchDevices(topicDevice);
  }
  return load<u8>(topicDevice, DEVICE_AT_STATUS) == DEVICE_ACTIVE ? CODE_NONE : CODE_DEVICE_INACTIVE;
}

/** Whether the host has said that no rule denies the device to publish on the topic. */
function isAllowed(sender: usize, at: usize, bytes: u32): bool {
  const route = bytes <= ROUTE_TOPIC_BYTES_MAX ? findRoute(sender, at, bytes) : 0;
  if (route == 0) return false;
  const kind = <u32>load<u8>(route, ROUTE_AT_KIND);
  return kind == ROUTE_TO_DEVICE || kind == ROUTE_TO_HOST;
}

/** As resolveTopic, on the connection of a service client: what it may publish is the host's to say. */
export function topicOfService(at: usize, bytes: u32): u32 {
  return topicName(at, at + bytes) ? ROUTE_OF_HOST : CODE_MQTT_TOPIC_MALFORMED;
}

/** As resolveTopic, of a topic that is not of our own shapes: whose it is and what it says is the host's to say, once. */
function resolveRoute(connection: usize, at: usize, bytes: u32): u32 {
  const sender = <usize>load<u32>(connection, AT_DEVICE);
  topicDevice = sender;
  const route = bytes <= ROUTE_TOPIC_BYTES_MAX ? findRoute(sender, at, bytes) : 0;
  if (route == 0) {
    if (!topicName(at, at + bytes)) return CODE_MQTT_TOPIC_MALFORMED;
    return bytes <= ROUTE_TOPIC_BYTES_MAX ? ROUTE_UNKNOWN : CODE_TOPIC_UNKNOWN;
  }
  const kind = <u32>load<u8>(route, ROUTE_AT_KIND);
  if (kind == ROUTE_TO_HOST) return ROUTE_OF_HOST;
  if (kind != ROUTE_TO_DEVICE && !isAcknowledged(connection, kind)) return kind;
  topicDevice = <usize>load<u32>(route, ROUTE_AT_DEVICE);
  contextAt = <usize>load<u32>(route, ROUTE_AT_CONTEXT);
  contextBytes = load<u16>(route, ROUTE_AT_CONTEXT_BYTES);
  topicFormat = load<u8>(route, ROUTE_AT_FORMAT);
  return load<u8>(topicDevice, DEVICE_AT_STATUS) == DEVICE_ACTIVE ? ROUTED : CODE_DEVICE_INACTIVE;
}

/** The code of a topic of a known shape that names no device of the connection. More than one level in place of an id is another shape. */
function refusedShape(connection: usize, at: usize, bytes: u32, code: u32): u32 {
  if (!topicName(at, at + bytes)) return CODE_MQTT_TOPIC_MALFORMED;
  return topicLevel(idAt, idAt + idBytes) && !isAcknowledged(connection, code) ? code : resolveRoute(connection, at, bytes);
}
