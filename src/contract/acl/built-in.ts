import type { AclRule } from './acl.js';

/** What every device may do: publish its own telemetry, and subscribe to its own commands, also as an edge node of Sparkplug. A rule of its tenant can deny it. */
export const builtInAcl: readonly AclRule[] = [
  { id: 0, subject: 'all', action: 'publish', filter: 'devices/%d/telemetry', effect: 'allow' },
  { id: 0, subject: 'all', action: 'publish', filter: 'tenant/%t/device/%d/data', effect: 'allow' },
  { id: 0, subject: 'all', action: 'subscribe', filter: 'devices/%d/commands/#', effect: 'allow' },
  { id: 0, subject: 'all', action: 'subscribe', filter: 'tenant/%t/device/%d/commands/#', effect: 'allow' },
  { id: 0, subject: 'all', action: 'subscribe', filter: 'spBv1.0/+/NCMD/%d/#', effect: 'allow' },
  { id: 0, subject: 'all', action: 'subscribe', filter: 'spBv1.0/+/DCMD/%d/#', effect: 'allow' },
  { id: 0, subject: 'all', action: 'subscribe', filter: 'spBv1.0/STATE/#', effect: 'allow' },
];
