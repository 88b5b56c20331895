import { CHANNEL_TELEMETRY } from '../abi/block';
import { CODE_DEVICE_INACTIVE, CODE_PAYLOAD_OVERSIZE } from '../abi/codes';
import { COUNTER_GATEWAY_ACCEPTED, COUNTER_GATEWAY_RECEIVED } from '../abi/counters';
import { DEVICE_ACTIVE, DEVICE_AT_NUMBER, DEVICE_AT_PARTITION, DEVICE_AT_SCHEMA, DEVICE_AT_STATUS } from '../abi/gateway';
import { PAYLOAD_BYTES_MAX } from '../abi/limits';
import { STAGE_OFFSET } from '../abi/regions';
import { isAckQueueFull, OF_HOST, queueAck, queuedTo } from '../answers';
import { countAccepted, deviceOf, timeZoneOf } from '../directory/devices';
import { pace } from '../directory/pace';
import { ofDevice, refuseMessage } from '../directory/refusals';
import { count } from '../memory';
import { append, appendInContext, appendOfSchema, awaitBlock } from './seal';

/** No block slot or no place for an acknowledgement is free. The message was not taken; hand it in again after a release. */
const NO_SLOT: i32 = -1;

/** The block slot that holds the last message. */
let laidSlot: u32 = 0;

/**
 * Lays a message of the device `entry` into its block: in the stage lie its context, if it has one, and its payload. `head`: flags of the
 * record and, eight bits higher, its content format. Answers 0, the code that refuses the message, or NO_SLOT.
 */
function layStaged(entry: u32, head: u32, contextBytes: u32, payloadBytes: u32): i32 {
  const device = deviceOf(entry);
  let code: u32 = 0;
  if (load<u8>(device, DEVICE_AT_STATUS) != DEVICE_ACTIVE) code = CODE_DEVICE_INACTIVE;
  else if (contextBytes + payloadBytes > PAYLOAD_BYTES_MAX) code = CODE_PAYLOAD_OVERSIZE;
  if (code != 0) {
    refuseMessage(ofDevice(device), code);
    return <i32>code;
  }
  const partition = <u32>load<u8>(device, DEVICE_AT_PARTITION);
  const number = load<u32>(device, DEVICE_AT_NUMBER);
  const schema = load<u32>(device, DEVICE_AT_SCHEMA);
  const from = <usize>STAGE_OFFSET;
  const payload = from + contextBytes;
  const ofRecord = CHANNEL_TELEMETRY | ((head & 0xffff) << 8) | timeZoneOf(device);
  let slot: i32;
  if (contextBytes != 0) slot = appendInContext(partition, number, ofRecord, schema, from, contextBytes, 0, payload, payloadBytes);
  else if (schema != 0) slot = appendOfSchema(partition, number, ofRecord, schema, payload, payloadBytes);
  else slot = append(partition, number, ofRecord, payload, payloadBytes);
  if (slot < 0) return NO_SLOT;
  laidSlot = <u32>slot;
  count(COUNTER_GATEWAY_RECEIVED);
  count(COUNTER_GATEWAY_ACCEPTED);
  countAccepted(device);
  return 0;
}

/** Takes in a message that lies in the stage, as layStaged. After 0 CALL_DURABLE follows with `token` once the message is durable. */
export function ingest(entry: u32, head: u32, contextBytes: u32, payloadBytes: u32, token: u32): i32 {
  if (isAckQueueFull()) return NO_SLOT;
  const code = layStaged(entry, head, contextBytes, payloadBytes);
  if (code != 0) return code;
  pace(deviceOf(entry), payloadBytes);
  // The host's message waits in the ring of the MQTT acknowledgements, although the host needs no order.
  awaitBlock(laidSlot, queuedTo);
  queueAck(token, OF_HOST, 0);
  return 0;
}

/**
 * Takes in one of the messages of a packet that speaks of several devices: it lies in the stage, as layStaged. The acknowledgement of the
 * packet, which is queued after its last message, waits for the blocks of all.
 */
export function ingestPart(entry: u32, head: u32, contextBytes: u32, payloadBytes: u32): i32 {
  const code = layStaged(entry, head, contextBytes, payloadBytes);
  if (code == 0) awaitBlock(laidSlot, queuedTo);
  return code;
}
