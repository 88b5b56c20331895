import { CHANNEL_TELEMETRY } from '../abi/block';
import { CODE_DEVICE_INACTIVE, CODE_PAYLOAD_OVERSIZE } from '../abi/codes';
import { COUNTER_GATEWAY_ACCEPTED, COUNTER_GATEWAY_RECEIVED } from '../abi/counters';
import { DEVICE_ACTIVE, DEVICE_AT_NUMBER, DEVICE_AT_PARTITION, DEVICE_AT_STATUS } from '../abi/gateway';
import { PAYLOAD_BYTES_MAX } from '../abi/limits';
import { STAGE_OFFSET } from '../abi/regions';
import { isAckQueueFull, OF_HOST, queueAck, queuedTo } from '../answers';
import { countAccepted, deviceOf } from '../directory/devices';
import { ofDevice, refuseMessage } from '../directory/refusals';
import { count } from '../memory';
import { append, awaitBlock } from './seal';

/** No block slot or no place for an acknowledgement is free. The message was not taken; hand it in again after a release. */
const NO_SLOT: i32 = -1;

/**
 * Takes in a message of the device `entry` whose payload lies in the stage. Answers 0, and calls CALL_DURABLE with `token` once
 * the message is durable; or the code that refuses the message; or NO_SLOT.
 */
export function ingest(entry: u32, flags: u32, payloadBytes: u32, token: u32): i32 {
  const device = deviceOf(entry);
  let code: u32 = 0;
  if (load<u8>(device, DEVICE_AT_STATUS) != DEVICE_ACTIVE) code = CODE_DEVICE_INACTIVE;
  else if (payloadBytes > PAYLOAD_BYTES_MAX) code = CODE_PAYLOAD_OVERSIZE;
  if (code != 0) {
    refuseMessage(ofDevice(device), code);
    return <i32>code;
  }
  if (isAckQueueFull()) return NO_SLOT;
  const slot = append(
    load<u8>(device, DEVICE_AT_PARTITION),
    load<u32>(device, DEVICE_AT_NUMBER),
    CHANNEL_TELEMETRY | ((flags & 0xff) << 8),
    <usize>STAGE_OFFSET,
    payloadBytes,
  );
  if (slot < 0) return NO_SLOT;
  count(COUNTER_GATEWAY_RECEIVED);
  count(COUNTER_GATEWAY_ACCEPTED);
  countAccepted(device);
  // The host's message waits in the ring of the MQTT acknowledgements, although the host needs no order.
  awaitBlock(<u32>slot, queuedTo);
  queueAck(token, OF_HOST, 0);
  return 0;
}
