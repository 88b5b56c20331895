import { ApiFailure } from '../contract/api-errors.js';

// PostgreSQL's own codes for: connection lost, shutting down or starting, too many connections (Appendix A).
const DATABASE_STATES = /^(08|57P0|53)/;

/** The answer to a call that threw: the database away is expected to pass, anything else is a bug. */
export function explainFault(error: unknown, attempt: string): ApiFailure {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  const away = typeof code === 'string' && (code.startsWith('CONNECT') || syscall === 'connect' || DATABASE_STATES.test(code));
  return new ApiFailure(away || code === 'ECONNRESET' ? 'database_unavailable' : 'internal', attempt);
}
