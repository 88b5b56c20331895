import type { KnownService } from '../services.js';
import type { PacketLimits } from './reason-strings.js';
import type { TopicAliases } from './topic-aliases.js';

/** Kept small, as there is one a connection: what the directory or the kernel knows is asked there. */
export interface Session {
  /** Of the device; NO_DEVICE: it is a service client's. */
  readonly entry: number;
  readonly service?: KnownService;
  /** Its place in the order of all sessions of the process. */
  readonly number: number;
  readonly limits: PacketLimits;
  /** Whether CONNECT asked for a session that outlives its connection. */
  readonly asksExpiry: boolean;
  /** Where the client takes topic aliases. */
  readonly aliases?: TopicAliases;
}
