import '../style/access.css';
import { useState } from 'preact/hooks';
import { AccessList, type AclRule, type BuiltInAclRule, type ServiceClient } from '../data/access.js';
import type { Context } from '../data/context.js';
import { formatMoment } from '../data/format.js';
import type { PlainRoute } from '../data/route.js';
import { AclCheckForm } from '../parts/acl-check.js';
import { AclRuleAdd } from '../parts/acl-rule-add.js';
import { DeleteDialog } from '../parts/delete-dialog.js';
import { EmptyState } from '../parts/empty-state.js';
import { Notice } from '../parts/notice.js';
import { ServiceAdd } from '../parts/service-add.js';
import { Table } from '../parts/table.js';
import { useModel } from '../parts/use-model.js';

/** What is asked for in a dialog. */
type Asked =
  | { readonly kind: 'add-rule' | 'add-service' }
  | { readonly kind: 'delete-rule'; readonly id: number }
  | { readonly kind: 'delete-service'; readonly name: string };

/** Who may publish and subscribe where: the rules of a tenant, a question about them, and the clients that are no devices. */
export function AccessPage({ context, route }: { context: Context; route: PlainRoute }) {
  const model = useModel(() => new AccessList(context, route.tenant));
  const [asked, setAsked] = useState<Asked>();
  const acl = model.acl.value;
  const services = model.services.value;
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Access</h1>
        <span class="position" role="status">
          {acl && services ? `Of tenant ${route.tenant}` : model.refusal.value ? '' : 'Loading rules and service clients …'}
        </span>
      </div>
      <Notice refusal={model.refusal.value} live={context.live} />
      <Head title="Rules about topics" label="Add rule" onAdd={() => setAsked({ kind: 'add-rule' })} />
      <p class="lead">
        A rule allows or denies topics to clients. Where several match, one that denies wins; where none does, nothing is allowed. The
        built-in rules let every device use its own topics.
      </p>
      {acl && acl.rules.length > 0 && <RuleTable rules={acl.rules} onDelete={(id) => setAsked({ kind: 'delete-rule', id })} />}
      {acl?.rules.length === 0 && (
        <EmptyState title="No rules of this tenant">
          <p>Devices use their own topics by the built-in rules below. Add a rule for any other topic.</p>
        </EmptyState>
      )}
      {acl && (
        <details class="built-in">
          <summary>{acl.built_in.length} built-in rules</summary>
          <RuleTable rules={acl.built_in} />
        </details>
      )}
      <AclCheckForm model={model} />
      <Head title="Service clients" label="Add service client" onAdd={() => setAsked({ kind: 'add-service' })} />
      <p class="lead">A service client is an MQTT client that is no device: a dashboard, a bridge, a script.</p>
      {services && services.length > 0 && (
        <ServiceTable services={services} onDelete={(name) => setAsked({ kind: 'delete-service', name })} />
      )}
      {services?.length === 0 && (
        <EmptyState title="No service clients">
          <p>Add one, then rules for service:NAME that allow it topics.</p>
        </EmptyState>
      )}
      <Dialogs asked={asked} model={model} tenant={route.tenant} onClose={() => setAsked(undefined)} />
    </main>
  );
}

function Head({ title, label, onAdd }: { title: string; label: string; onAdd: () => void }) {
  return (
    <div class="part-head">
      <h2>{title}</h2>
      <button type="button" class="primary" onClick={onAdd}>
        {label}
      </button>
    </div>
  );
}

interface DialogsProps {
  readonly asked: Asked | undefined;
  readonly model: AccessList;
  readonly tenant: string;
  readonly onClose: () => void;
}

function Dialogs({ asked, model, tenant, onClose }: DialogsProps) {
  if (asked?.kind === 'add-rule') return <AclRuleAdd model={model} onClose={onClose} />;
  if (asked?.kind === 'add-service') return <ServiceAdd model={model} tenant={tenant} onClose={onClose} />;
  if (asked?.kind === 'delete-rule') {
    const about = 'It decides nothing from the next second on: what it allowed is denied, unless another rule allows it.';
    return <DeleteDialog what={`rule ${asked.id}`} about={about} remove={() => model.removeRule(asked.id)} onClose={onClose} />;
  }
  if (asked?.kind === 'delete-service') {
    const about = 'Its connections end, and it can no longer connect. The rules that name it stay.';
    return (
      <DeleteDialog what={`service client ${asked.name}`} about={about} remove={() => model.removeService(asked.name)} onClose={onClose} />
    );
  }
  return null;
}

function RuleTable({ rules, onDelete }: { rules: readonly (AclRule | BuiltInAclRule)[]; onDelete?: (id: number) => void }) {
  return (
    <Table head={[...(onDelete ? ['Rule'] : []), 'Who', 'Right', 'Topics', ...(onDelete ? ['Change'] : [])]}>
      {rules.map((rule) => (
        <tr key={`${'id' in rule ? rule.id : ''} ${rule.subject} ${rule.action} ${rule.filter}`} data-filter={rule.filter}>
          {'id' in rule && <td class="id">{rule.id}</td>}
          <td>{rule.subject}</td>
          <td>
            <b data-allowed={rule.effect === 'allow'}>{rule.effect}</b> {rule.action === 'both' ? 'publish and subscribe' : rule.action}
          </td>
          <td>
            <code>{rule.filter}</code>
          </td>
          {'id' in rule && onDelete && (
            <td class="rule-actions">
              <button type="button" aria-label={`Delete rule ${rule.id}`} onClick={() => onDelete(rule.id)}>
                Delete
              </button>
            </td>
          )}
        </tr>
      ))}
    </Table>
  );
}

function ServiceTable({ services, onDelete }: { services: readonly ServiceClient[]; onDelete: (name: string) => void }) {
  return (
    <Table head={['Service client', 'Made', 'Change']}>
      {services.map(({ name, created_at: made }) => (
        <tr key={name} data-service={name}>
          <td class="id">{name}</td>
          <td>{formatMoment(Date.parse(made))}</td>
          <td class="rule-actions">
            <button type="button" aria-label={`Delete service client ${name}`} onClick={() => onDelete(name)}>
              Delete
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}
