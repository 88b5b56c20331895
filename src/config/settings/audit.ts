import { setting, type ValuesOf, whole } from '../setting.js';

/** How long it is known who changed what. */
export const auditSettings = {
  days: setting('audit_days', whole(1, 36_500, 'days'), {
    fallback: 365,
    what: 'How long an entry of the audit log is kept.',
  }),
};

export type AuditConfig = ValuesOf<typeof auditSettings>;
