import type { Part } from '../part.js';
import { packKeyRoutes } from './key-routes.js';
import { packMetrics } from './metrics.js';
import { PackKeys } from './pack-keys.js';
import { Packs, type PacksOptions } from './packs.js';
import { type PackRoutesOptions, packRoutes } from './routes.js';

export interface PacksPartOptions extends Omit<PacksOptions, 'keys' | 'topicRules'>, Omit<PackRoutesOptions, 'packs' | 'topicRules'> {
  readonly topicRules: PacksOptions['topicRules'] & PackRoutesOptions['topicRules'];
}

/** Device packs and the keys that sign them, over the API. */
export function packsPart({ keys, registry, runs, ...options }: PacksPartOptions): Part {
  const packKeys = new PackKeys(options.database);
  const packs = new Packs({ ...options, keys: packKeys });
  return {
    role: 'control',
    routes: [...packRoutes({ packs, registry, runs, topicRules: options.topicRules, keys }), ...packKeyRoutes(packKeys, keys)],
    metrics: packMetrics(packs),
  };
}
