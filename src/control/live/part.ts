import type { Part } from '../part.js';
import type { Registry } from '../registry/registry.js';
import { LiveHub, type LiveHubOptions } from './live-hub.js';
import type { LiveServices } from './live-session.js';
import { LiveViews } from './live-views.js';
import { liveMetrics } from './metrics.js';
import { liveRoutes } from './routes.js';

export interface LivePartOptions extends LiveHubOptions, Pick<LiveServices, 'keys'> {
  readonly registry: Registry;
}

/** Readings and rates as they come. */
export function livePart(options: LivePartOptions) {
  const { registry, keys } = options;
  const hub = new LiveHub(options);
  return {
    hub,
    sockets: new LiveViews({ live: hub, registry, keys }),
    role: 'control',
    routes: liveRoutes(),
    metrics: liveMetrics(hub),
    close: async () => hub.close(),
  } satisfies Part & { hub: LiveHub; sockets: LiveViews };
}
