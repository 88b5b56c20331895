import { refusalsAnswer } from '../../contract/answers/operation.js';
import { apiErrors, codeOf } from '../../contract/api-errors.js';
import { refusalCodes } from '../../contract/codes.js';
import { json } from '../../http/exchange.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';

const doc: RouteDoc = {
  summary: 'Every code that a message or a call can be refused with; status is null where no call is refused with it',
  auth: 'nothing',
  answers: { 200: refusalsAnswer },
  codes: [],
};

/** The codes of this build with what they mean, for tools that show a code to a person. They are no secret, so they need no key. */
export function refusalRoutes(): Route[] {
  const names = [...new Set([...refusalCodes.map(({ name }) => name), ...apiErrors.keys()])].sort();
  const refusals = names.map((code) => {
    const { cause, wayOut } = codeOf(code)!;
    return { code, status: apiErrors.get(code)?.status ?? null, cause, way_out: wayOut };
  });
  return [{ method: 'GET', pattern: '/v1/refusals', doc, handle: () => json(200, { refusals }) }];
}
