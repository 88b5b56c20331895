/**
 * What an error says of the session or the server rather than of the statement.
 *
 *   read-only    the session may not write: after a failover, the old primary's. A new session may meet the new one.
 *   lost         the session is over, or ends now.
 *   refused      the server is there and lacks something for a while: room, connections, time.
 */
export type SessionFault = 'read-only' | 'lost' | 'refused';

/** PostgreSQL documentation, Appendix A. */
const READ_ONLY = '25006';
/** 08: connection exception. 57P01 to 57P05: shut down, crashed, starting up, database dropped, idle too long. */
const LOST = /^(08...|57P0[1-5])$/;
/** 53: insufficient resources. 57014: the statement took longer than it may. 55P03: it waited too long for a lock. */
const REFUSED = /^(53...|57014|55P03)$/;
/** Of the client: CONNECTION_CLOSED, CONNECTION_ENDED, CONNECTION_DESTROYED, CONNECT_TIMEOUT. */
const CLIENT = /^CONNECT/;
const SYSTEM = new Set(['ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Undefined: it is about the statement, or it is no error of a database. */
export function sessionFault(error: unknown): SessionFault | undefined {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  if (typeof code !== 'string') return undefined;
  if (code === READ_ONLY) return 'read-only';
  if (LOST.test(code) || CLIENT.test(code) || syscall === 'connect' || SYSTEM.has(code)) return 'lost';
  return REFUSED.test(code) ? 'refused' : undefined;
}
