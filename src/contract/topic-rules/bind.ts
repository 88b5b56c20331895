import { CODE_DEVICE_UNKNOWN, CODE_NONE, CODE_TOPIC_FORBIDDEN } from '../../../assembly/abi/codes.js';
import { PREFIX_BYTES_MAX } from '../record-context.js';
import { withDot } from './plan.js';
import type { Unregistered } from './topic-rule.js';

/** What is known of a device of the tenant. */
export interface KnownDevice {
  readonly number: number;
  /** Number of the gateway device that may publish for it, or 0. */
  readonly via: number;
}

/** Whose readings a message's are, or the code that refuses it. */
export interface Binding {
  readonly code: number;
  /** Number of the device. */
  readonly device: number;
  /** Comes before the rule's own prefix, and the readings are another's than the device's. */
  readonly prefix: string;
}

/**
 * Binds a device that a topic or a payload names to the connection that speaks: it is the connection's own, or one registered `via` it.
 * For another one that is registered it may not speak. A name that nobody has gives the readings to the connection, as the rule says.
 */
export function bindDevice(
  id: string,
  unregistered: Unregistered,
  connection: { readonly number: number; readonly id: string; readonly isGateway?: boolean | undefined },
  find: (id: string) => KnownDevice | undefined,
): Binding {
  if (id === connection.id) return own(connection.number, '');
  const known = find(id);
  if (known) {
    const isOurs = known.number === connection.number || known.via === connection.number;
    return { code: isOurs ? CODE_NONE : CODE_TOPIC_FORBIDDEN, device: known.number, prefix: '' };
  }
  if (unregistered === 'refuse') return { code: CODE_DEVICE_UNKNOWN, device: connection.number, prefix: '' };
  // A gateway device speaks for many, whatever families they are of.
  if ((unregistered === 'own' && !connection.isGateway) || id === '') return own(connection.number, '');
  const prefix = withDot(id);
  // A name that fits no metric would make a dead letter of each message.
  return Buffer.byteLength(prefix) <= PREFIX_BYTES_MAX
    ? own(connection.number, prefix)
    : { code: CODE_DEVICE_UNKNOWN, device: connection.number, prefix: '' };
}

function own(device: number, prefix: string): Binding {
  return { code: CODE_NONE, device, prefix };
}
