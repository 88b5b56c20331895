import { ApiFailure } from '../contract/api-errors.js';
import { DatabaseUnavailable } from '../contract/database.js';

/** The answer to a call that threw: a database that is unavailable is expected to come back, anything else is a bug. */
export function explainFault(error: unknown, attempt: string): ApiFailure {
  if (error instanceof DatabaseUnavailable)
    return new ApiFailure('database_unavailable', attempt, `the database is unavailable: ${error.message}`);
  return new ApiFailure('internal', attempt);
}
