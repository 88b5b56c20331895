import { ApiFailure, isApiCode } from '../../contract/api-errors.js';
import { refusalCode } from '../../contract/codes.js';

/** The answer to messages that the data plane refused with a code. */
export function failureOf(code: number, attempt: string): ApiFailure {
  const { name, cause } = refusalCode(code);
  return isApiCode(name) ? new ApiFailure(name, attempt) : new ApiFailure('unavailable', attempt, cause);
}
