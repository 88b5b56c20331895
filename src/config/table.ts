import type { Setting, ValuesOf } from './setting.js';
import { auditSettings } from './settings/audit.js';
import { checkpointSettings } from './settings/checkpoints.js';
import { identitySettings } from './settings/identity.js';
import { kafkaSettings } from './settings/kafka.js';
import { letterSettings } from './settings/letters.js';
import { limitSettings } from './settings/limits.js';
import { listenSettings } from './settings/listen.js';
import { logSettings } from './settings/log.js';
import { metricSettings } from './settings/metrics.js';
import { mqttSettings } from './settings/mqtt.js';
import { processSettings } from './settings/process.js';
import { storeSettings } from './settings/store.js';
import type { Values } from './values.js';

/** Every setting by group, in the order in which documents list them. */
export const groups = {
  process: processSettings,
  listen: listenSettings,
  identity: identitySettings,
  store: storeSettings,
  limits: limitSettings,
  mqtt: mqttSettings,
  letters: letterSettings,
  metrics: metricSettings,
  audit: auditSettings,
  log: logSettings,
  kafka: kafkaSettings,
  checkpoints: checkpointSettings,
} satisfies Record<keyof Values, unknown>;

/** What an operator can set. Built once, frozen, and handed down group by group. */
export type Config = { readonly [G in keyof typeof groups]: ValuesOf<(typeof groups)[G]> };

/** Every setting in that order. */
export const settings: readonly Setting[] = Object.values(groups).flatMap((group) => Object.values(group));
