import { ApiFailure } from '../../contract/api-errors.js';
import type { Route } from '../router.js';

/** The live view's path, for those who come without a WebSocket; the server takes the others before. */
export function liveRoutes(): Route[] {
  return [
    {
      method: 'GET',
      pattern: '/v1/live',
      handle: () => new ApiFailure('websocket_expected', 'open the live view'),
    },
  ];
}
