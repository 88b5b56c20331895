import type { Sql, TransactionSql } from 'postgres';
import { type Call, currentCall } from '../../http/caller.js';

/** What an operator changed. `before` and `after` hold no secrets; null: it was not there, or it is gone. */
export interface ChangeRecord {
  /** Null: it is of no tenant. */
  readonly tenant: string | null;
  /** What was changed, `device pump-1`. */
  readonly target: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/**
 * Notes in the audit log what the call that is being answered changed, in the transaction of the change; nothing, where no operator
 * asked for it.
 */
export async function recordChange(sql: TransactionSql | Sql, ...changes: readonly ChangeRecord[]): Promise<void> {
  const call = currentCall();
  if (!call?.principal || changes.length === 0) return;
  await writeRecords(sql, call, changes);
  call.isRecorded = true;
}

/** Changes of one transaction that are noted one by one; of more, how many they are. */
export const RECORDED_ONE_BY_ONE_MAX = 100;

export async function writeRecords(sql: TransactionSql | Sql, call: Call, changes: readonly ChangeRecord[]): Promise<void> {
  const { kind, id, name, role } = call.principal!;
  const rows = changes.map(({ tenant, target, before, after }) => ({ tenant, target, before: before ?? null, after: after ?? null }));
  await (sql as Sql)`
    insert into audit_log (actor_kind, actor_id, actor_name, actor_role, address, action, path, tenant_id, target, before, after)
    select ${kind}, ${id}, ${name}, ${role}, ${call.address}, ${`${call.method} ${call.pattern}`}, ${call.path}, tenant, target,
      nullif(before, 'null'), nullif(after, 'null')
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as record(tenant text, target text, before jsonb, after jsonb)`;
}
