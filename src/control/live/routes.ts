import { ApiFailure } from '../../contract/api-errors.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';

const liveDoc: RouteDoc = {
  summary: 'A WebSocket: readings as they are decoded',
  auth: 'nothing',
  answers: {},
  codes: ['websocket_expected'],
};

/** The live view's path, for those who come without a WebSocket; the server takes the others before. */
export function liveRoutes(): Route[] {
  return [
    {
      method: 'GET',
      pattern: '/v1/live',
      doc: liveDoc,
      handle: () => new ApiFailure('websocket_expected', 'open the live view'),
    },
  ];
}
