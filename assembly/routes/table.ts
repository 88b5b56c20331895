import { CONTEXT_AT_TOPIC_BYTES, CONTEXT_HEADER_BYTES } from '../abi/block';
import {
  ROUTE_AT_CONTEXT,
  ROUTE_AT_CONTEXT_BYTES,
  ROUTE_AT_DEVICE,
  ROUTE_AT_FORMAT,
  ROUTE_AT_HASH,
  ROUTE_AT_KIND,
  ROUTE_AT_SENDER,
  ROUTE_AT_VERSION,
  ROUTE_BYTES,
  ROUTE_CONTEXTS_BYTES,
  ROUTE_CONTEXTS_OFFSET,
  ROUTE_SLOTS,
  ROUTE_TOPIC_BYTES_MAX,
  ROUTES_OFFSET,
} from '../abi/gateway';
import { STAGE_BYTES, STAGE_OFFSET } from '../abi/regions';
import { deviceOf, hashBytes, sameId } from '../directory/devices';

// What the host has found out about topics: whose messages are published there by a device's connection, and how they are read. The
// host is asked once for each; the table forgets everything when it is full, and when rules or devices change.

const USED_MAX: u32 = ROUTE_SLOTS / 4 * 3;
/** A longer run of taken slots is what a sender can make who chooses topics for it. */
const PROBES_MAX: u32 = 64;

/** Slots of other versions are free. */
let version: u32 = 1;
let used: u32 = 0;
let contextsBytes: u32 = 0;
/** Added to hashes, so that no sender knows where a topic, a token or an exchange falls. */
export let secret: u64 = 0;

@inline
function slotAt(slot: u32): usize {
  return <usize>(ROUTES_OFFSET + (slot & (ROUTE_SLOTS - 1)) * ROUTE_BYTES);
}

/** Once, before the first turn: a number that nobody can guess. */
export function seedRoutes(seed: u64): void {
  secret = seed;
}

/** Forgets all routes. */
export function clearRoutes(): void {
  version++;
  used = 0;
  contextsBytes = 0;
}

/** The route of a topic that the connection of the device `sender` publishes on, or 0: the host has to be asked. */
export function findRoute(sender: usize, topic: usize, bytes: u32): usize {
  const hash = hashBytes(topic, bytes, secret ^ <u64>sender);
  for (let probe: u32 = 0; probe < PROBES_MAX; probe++) {
    const at = slotAt(<u32>(hash >> 32) + probe);
    if (load<u32>(at, ROUTE_AT_VERSION) != version) return 0;
    if (load<u64>(at, ROUTE_AT_HASH) == hash && load<u32>(at, ROUTE_AT_SENDER) == <u32>sender && isOfTopic(at, topic, bytes)) return at;
  }
  return 0;
}

/** A route's context ends with the topic. */
function isOfTopic(route: usize, topic: usize, bytes: u32): bool {
  const context = <usize>load<u32>(route, ROUTE_AT_CONTEXT);
  if (load<u16>(context, CONTEXT_AT_TOPIC_BYTES) != bytes) return false;
  return sameId(context + load<u16>(route, ROUTE_AT_CONTEXT_BYTES) - bytes, topic, bytes);
}

/**
 * Adds the route of a topic on connections of the device `sender`: its messages are those of the device `entry`, in `format`, with the
 * context that lies in the stage and ends with the topic. `kind`: ROUTE_TO_…, or the code that refuses them.
 */
export function addRoute(sender: u32, entry: u32, format: u32, kind: u32, bytes: u32): void {
  const from = <usize>STAGE_OFFSET;
  const topicBytes = <u32>load<u16>(from, CONTEXT_AT_TOPIC_BYTES);
  assert(bytes >= CONTEXT_HEADER_BYTES + topicBytes && bytes <= STAGE_BYTES, 'the context does not hold its topic');
  assert(topicBytes > 0 && topicBytes <= ROUTE_TOPIC_BYTES_MAX, 'no route has a topic of this length');
  if (used == USED_MAX || contextsBytes + bytes > ROUTE_CONTEXTS_BYTES) clearRoutes();
  const device = deviceOf(sender);
  const hash = hashBytes(from + bytes - topicBytes, topicBytes, secret ^ <u64>device);
  let at = freeSlot(hash);
  if (at == 0) {
    clearRoutes();
    at = freeSlot(hash);
  }
  const context = <usize>(ROUTE_CONTEXTS_OFFSET + contextsBytes);
  memory.copy(context, from, bytes);
  contextsBytes += bytes;
  used++;
  store<u64>(at, hash, ROUTE_AT_HASH);
  store<u32>(at, <u32>device, ROUTE_AT_SENDER);
  store<u32>(at, version, ROUTE_AT_VERSION);
  store<u32>(at, <u32>deviceOf(entry), ROUTE_AT_DEVICE);
  store<u32>(at, <u32>context, ROUTE_AT_CONTEXT);
  store<u16>(at, <u16>bytes, ROUTE_AT_CONTEXT_BYTES);
  store<u8>(at, <u8>format, ROUTE_AT_FORMAT);
  store<u8>(at, <u8>kind, ROUTE_AT_KIND);
}

function freeSlot(hash: u64): usize {
  for (let probe: u32 = 0; probe < PROBES_MAX; probe++) {
    const at = slotAt(<u32>(hash >> 32) + probe);
    if (load<u32>(at, ROUTE_AT_VERSION) != version) return at;
  }
  return 0;
}
