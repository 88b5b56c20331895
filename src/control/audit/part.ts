import { DatabaseUnavailable } from '../../contract/database.js';
import type { KeyCheck } from '../../http/auth.js';
import type { Part } from '../part.js';
import type { AuditLog } from './audit-log.js';
import { auditRoutes } from './routes.js';

const RETRY_MS = 60_000;
const SWEEP_MS = 3_600_000;

export interface AuditPartOptions {
  readonly audit: AuditLog;
  readonly keys: KeyCheck;
  readonly days: number;
}

/** The audit log over the API, and its retention. */
export function auditPart({ audit, keys, days }: AuditPartOptions): Part {
  const sweep = () =>
    audit.sweep(days).catch((error: Error) => {
      // The next sweep removes the same, and the outage has an event of its own.
      if (!(error instanceof DatabaseUnavailable)) throw error;
    });
  const timers: NodeJS.Timeout[] = [];
  return {
    role: 'control',
    routes: auditRoutes(audit, keys),
    open: async () => {
      timers.push(setInterval(() => void audit.writeWaiting(), RETRY_MS).unref(), setInterval(() => void sweep(), SWEEP_MS).unref());
    },
    close: async () => {
      for (const timer of timers) clearInterval(timer);
      await audit.writeWaiting();
    },
  };
}
