import type { IConnectPacket } from 'mqtt-packet';
import { CODE_CREDENTIALS_INVALID, CODE_DEVICE_UNKNOWN, CODE_TOPIC_FORBIDDEN } from '../../../assembly/abi/codes.js';
import { REASON_TEXT_BYTES, REASON_TEXTS, REASON_TEXTS_OFFSET } from '../../../assembly/abi/gateway.js';
import { refusalCodes } from '../../contract/codes.js';
import type { KernelMemory } from '../../host/kernel.js';

/** What an MQTT 5 client said at CONNECT about the packets that it takes. */
export interface PacketLimits {
  /** Its Maximum Packet Size [MQTT-3.1.2-24]. */
  readonly bytesMax: number;
  /** Its Request Problem Information: whether refusals say more than a code [MQTT-3.1.2-29]. */
  readonly wantsReasons: boolean;
}

/** Of clients that said nothing, and of those that speak MQTT 3.1.1. */
export const NO_LIMITS: PacketLimits = { bytesMax: Number.POSITIVE_INFINITY, wantsReasons: true };

const U16_MAX = 0xffff;
/** Property identifier of the Reason String, MQTT 5 §3.4.2.2.2. */
const REASON_STRING = 0x1f;

export function limitsOf({ properties }: IConnectPacket): PacketLimits {
  if (properties?.maximumPacketSize === undefined && properties?.requestProblemInformation === undefined) return NO_LIMITS;
  return {
    bytesMax: properties.maximumPacketSize ?? NO_LIMITS.bytesMax,
    wantsReasons: properties.requestProblemInformation ?? NO_LIMITS.wantsReasons,
  };
}

/** Bytes of the largest answer that may hold a Reason String, as the kernel knows it; 0: none may. */
export function reasonBytesMax(level: number, { bytesMax, wantsReasons }: PacketLimits): number {
  return level === 5 && wantsReasons ? Math.min(bytesMax, U16_MAX) : 0;
}

const texts = new Map(refusalCodes.map(({ number, name, cause, wayOut }) => [number, `${name}: ${cause}; ${wayOut}`]));

/** Code, cause and way out. Whether a device exists is said to nobody who may not speak for it. */
export function reasonString(code: number, isConnected: boolean): string | undefined {
  return texts.get(code === CODE_DEVICE_UNKNOWN ? (isConnected ? CODE_TOPIC_FORBIDDEN : CODE_CREDENTIALS_INVALID) : code);
}

/** The kernel itself refuses for this only in CoAP, which names a device and its tenant in a way of its own. */
const COAP_CREDENTIALS =
  'credentials_invalid: the token is not that of the device; send token= or option 65000, and tenant= where it is not default';

/** Lays the Reason Strings of PUBACK and PUBREC, and the texts of CoAP's refusals, into the kernel's memory, which writes these. */
export function layReasonStrings(memory: KernelMemory): void {
  for (let code = 0; code < REASON_TEXTS; code++) {
    const string = Buffer.from(code === CODE_CREDENTIALS_INVALID ? COAP_CREDENTIALS : (reasonString(code, true) ?? ''));
    const property = Buffer.concat([Buffer.from([REASON_STRING, string.length >> 8, string.length & 0xff]), string]);
    const length = property.length < 128 ? [property.length] : [(property.length & 0x7f) | 0x80, property.length >> 7];
    const bytes = length.length + property.length;
    const isLaid = string.length > 0 && 2 + bytes <= REASON_TEXT_BYTES;
    const at = REASON_TEXTS_OFFSET + code * REASON_TEXT_BYTES;
    memory.view.setUint16(at, isLaid ? bytes : 0, true);
    if (isLaid) memory.bytes.set([...length, ...property], at + 2);
  }
}
