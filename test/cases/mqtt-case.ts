import { RECEIVE_MAX } from '../../assembly/abi/gateway.js';
import { bytes, type ConnectParts, connect, packet, properties, u16 } from './mqtt-bytes.js';
import { CASE_TOKEN } from './mqtt-devices.js';

/** What one run of bytes does to a gateway that knows `caseDevices`. */
export interface MqttCase {
  readonly name: string;
  /** The connection it is sent on: let in as `dev-1` at this protocol level, or 0: just opened. */
  readonly level: 0 | 4 | 5;
  readonly bytes: Uint8Array;
  /** The code that is counted. */
  readonly code?: number;
  /** Everything that comes back, CONNACK of `level` left out. */
  readonly answer?: Uint8Array;
  readonly closes?: boolean;
  /** Device numbers of the records that it leaves. */
  readonly records?: readonly number[];
}

export const OWN = 'devices/dev-1/telemetry';
const credentials = { clientId: 'dev-1', password: CASE_TOKEN };
/** Request Problem Information 0: the answers of the catalogue are codes; test/gateway/reason-strings.test.ts has the texts. */
export const noReasons = bytes(0x17, 0);
export const connectAs = (level: 4 | 5, more: ConnectParts = {}): Buffer =>
  connect({ level, ...credentials, properties: properties(noReasons), ...more });

/** Receive Maximum, Maximum Packet Size, Topic Alias Maximum 16, and all kinds of subscriptions. */
export const abilities = (aliasMax: number): Buffer =>
  bytes(0x21, u16(RECEIVE_MAX), 0x27, u16(2), u16(0x1000), 0x22, u16(aliasMax), 0x28, 1, 0x29, 1, 0x2a, 1);
export const connackAccepted = { 4: packet(0x20, 0, 0), 5: packet(0x20, 0, 0, properties(abilities(16))) };

/** A User Property. */
export const user = bytes(0x26, 'key', 'value');
