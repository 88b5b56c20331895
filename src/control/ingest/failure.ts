import { ApiFailure, isApiCode } from '../../contract/api-errors.js';
import { refusalCode } from '../../contract/codes.js';

/** The answer to messages that the data plane refused with a code; they may be sent again after `retrySeconds`, where that is known. */
export function failureOf(code: number, attempt: string, retrySeconds?: number): ApiFailure {
  const { name, cause } = refusalCode(code);
  return isApiCode(name) ? new ApiFailure(name, attempt, undefined, retrySeconds) : new ApiFailure('unavailable', attempt, cause);
}
