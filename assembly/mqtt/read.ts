import { CODE_MQTT_MALFORMED, CODE_MQTT_PROTOCOL_ERROR } from '../abi/codes';
import { wellFormed } from '../utf8';

// Reading the parts that MQTT packets are made of. A reader answers the address after the part that it read,
// or 0 when the part runs past `end` or is malformed; 0 passes through a chain of readers.

export const MALFORMED: usize = 0;

/** Why a reader answered MALFORMED: the code that refuses the packet. It holds for the packet that `beginPacket` began. */
export let fault: u32 = CODE_MQTT_MALFORMED;

@inline
export function beginPacket(): void {
  fault = CODE_MQTT_MALFORMED;
}

/** Of a part that can be read and is not allowed. MQTT 5 §4.13. */
export function forbidden(): usize {
  fault = CODE_MQTT_PROTOCOL_ERROR;
  return MALFORMED;
}

@inline
export function u16At(at: usize): u32 {
  return <u32>bswap<u16>(load<u16>(at));
}

export function skipBytes(at: usize, bytes: u32, end: usize): usize {
  return at != MALFORMED && bytes <= <u32>(end - at) ? at + bytes : MALFORMED;
}

/** Binary data: two bytes of length, then so many bytes. MQTT 5 §1.5.6. */
export function skipBinary(at: usize, end: usize): usize {
  return skipBytes(at, 2, end) == MALFORMED ? MALFORMED : skipBytes(at + 2, u16At(at), end);
}

/** A UTF-8 string: two bytes of length, then so many of well-formed text. MQTT 5 §1.5.4. */
export function skipString(at: usize, end: usize): usize {
  const valueEnd = skipBinary(at, end);
  return valueEnd != MALFORMED && wellFormed(at + 2, valueEnd) ? valueEnd : MALFORMED;
}

/** The number that readVariable has read. */
export let variable: u32 = 0;

/** A Variable Byte Integer, in its shortest form [MQTT-1.5.5-1]. */
export function readVariable(at: usize, end: usize): usize {
  if (at == MALFORMED) return MALFORMED;
  variable = 0;
  for (let shift: u32 = 0; shift < 28; shift += 7) {
    if (at >= end) return MALFORMED;
    const byte = <u32>load<u8>(at++);
    variable |= (byte & 0x7f) << shift;
    if (byte < 0x80) return byte == 0 && shift > 0 ? MALFORMED : at;
  }
  return MALFORMED;
}
