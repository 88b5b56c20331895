import type { MessageCaptures } from '../../contract/captures.js';
import type { Part } from '../part.js';
import { Captures, type CapturesOptions } from './captures.js';
import { type DebugRoutesOptions, debugRoutes } from './routes.js';

export interface DebugPartOptions extends Omit<DebugRoutesOptions, 'captures'>, Omit<CapturesOptions, 'views' | 'registry'> {
  readonly views: MessageCaptures;
  readonly registry: CapturesOptions['registry'];
}

/** What devices send and what becomes of it, for whoever debugs one. */
export function debugPart(options: DebugPartOptions) {
  const captures = new Captures(options);
  return {
    role: 'control',
    routes: debugRoutes({ ...options, captures }),
    close: async () => captures.close(),
  } satisfies Part;
}
