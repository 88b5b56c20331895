import '../style/readings.css';
import '../style/topic-rules.css';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Context } from '../data/context.js';
import type { PlainRoute } from '../data/route.js';
import { type Conflict, formOf, newRule, type OwnRule, type Rule, type RuleForm, TopicRuleList } from '../data/topic-rules.js';
import { DeleteDialog } from '../parts/delete-dialog.js';
import { EmptyState } from '../parts/empty-state.js';
import { Notice } from '../parts/notice.js';
import { RuleEditor } from '../parts/rule-editor.js';
import { RuleTrial } from '../parts/rule-trial.js';
import { Table } from '../parts/table.js';
import { TenantTimeZone } from '../parts/time-zone.js';
import { useModel } from '../parts/use-model.js';

/** What is asked for in a dialog. */
type Asked =
  | { readonly kind: 'edit'; readonly form: RuleForm; readonly isNew: boolean }
  | { readonly kind: 'delete'; readonly name: string };

/** What the topics of a tenant mean: its rules in their order, the built-in ones, and a box to try a message in. */
export function TopicRulesPage({ context, route }: { context: Context; route: PlainRoute }) {
  const model = useModel(() => new TopicRuleList(context, route.tenant));
  const [asked, setAsked] = useState<Asked>();
  const rules = model.rules.value;
  const own = rules?.filter((rule) => !rule.built_in) ?? [];
  const builtIn = rules?.filter((rule) => rule.built_in) ?? [];
  const close = () => setAsked(undefined);
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Topic rules</h1>
        <span class="position" role="status">
          {rules
            ? `${own.length} of tenant ${route.tenant}, ${builtIn.length} built in`
            : model.refusal.value
              ? ''
              : 'Loading topic rules …'}
        </span>
        <button type="button" class="primary" onClick={() => setAsked({ kind: 'edit', form: newRule, isNew: true })}>
          Add rule
        </button>
      </div>
      <p class="lead">
        A topic rule says whose readings the messages on a topic are, and how they are decoded. The first rule that matches is taken: those
        of the tenant in this order, then the built-in ones.
      </p>
      <Notice refusal={model.refusal.value} live={context.live} />
      <Conflicts conflicts={model.conflicts.value} own={own} />
      {own.length > 0 && <OwnRules rules={own} model={model} onAsk={setAsked} />}
      {rules && own.length === 0 && (
        <EmptyState title="No rules of this tenant">
          <p>The built-in rules below read what common devices send. Add a rule for topics that none of them knows.</p>
        </EmptyState>
      )}
      <TenantTimeZone model={model} />
      <RuleTrial model={model} />
      {builtIn.length > 0 && (
        <details class="built-in">
          <summary>{builtIn.length} built-in rules, tried after those of the tenant</summary>
          <RuleTable rules={builtIn} />
        </details>
      )}
      {asked?.kind === 'edit' && <RuleEditor model={model} form={asked.form} isNew={asked.isNew} onClose={close} />}
      {asked?.kind === 'delete' && (
        <DeleteDialog
          what={`topic rule ${asked.name}`}
          about="Its topics are read by the rules after it from the next second on, or refused when none matches."
          remove={() => model.remove(asked.name)}
          onClose={close}
        />
      )}
    </main>
  );
}

/** Between rules of the tenant a conflict is most likely a mistake; to come before a built-in rule is what a rule is there for. */
function Conflicts({ conflicts, own }: { conflicts: readonly Conflict[]; own: readonly Rule[] }) {
  const names = new Set(own.map(({ name }) => name));
  const [among, builtIn] = [true, false].map((isOwn) => conflicts.filter(({ later }) => names.has(later) === isOwn)) as [
    Conflict[],
    Conflict[],
  ];
  return (
    <>
      {among.length > 0 && <ConflictList label="Conflicts" conflicts={among} />}
      {builtIn.length > 0 && (
        <details class="built-in">
          <summary>{builtIn.length} topics of built-in rules are read by rules of this tenant first</summary>
          <ConflictList label="Built-in rules that lose topics" conflicts={builtIn} />
        </details>
      )}
    </>
  );
}

function ConflictList({ label, conflicts }: { label: string; conflicts: readonly Conflict[] }) {
  return (
    <ul class="conflicts" aria-label={label}>
      {conflicts.map(({ first, later, first_pattern: taken, later_pattern: passed, kind }) => (
        <li key={`${first} ${taken} ${later} ${passed}`}>
          <b>{later}</b> ({passed}) {kind === 'hides' ? 'gets no message: all its topics are' : 'loses the topics that are also'} those of{' '}
          <b>{first}</b> ({taken}), which comes before it.
        </li>
      ))}
    </ul>
  );
}

function OwnRules({ rules, model, onAsk }: { rules: readonly OwnRule[]; model: TopicRuleList; onAsk: (asked: Asked) => void }) {
  return (
    <RuleTable rules={rules} actions={(rule) => <RuleActions rule={rule as OwnRule} last={rules.length} model={model} onAsk={onAsk} />} />
  );
}

interface RuleActionsProps {
  readonly rule: OwnRule;
  readonly last: number;
  readonly model: TopicRuleList;
  readonly onAsk: (asked: Asked) => void;
}

function RuleActions({ rule, last, model, onAsk }: RuleActionsProps) {
  const { name, position } = rule;
  return (
    <>
      <button type="button" aria-label={`Move ${name} up`} disabled={position === 1} onClick={() => void model.move(rule, -1)}>
        ↑
      </button>
      <button type="button" aria-label={`Move ${name} down`} disabled={position === last} onClick={() => void model.move(rule, 1)}>
        ↓
      </button>
      <button type="button" aria-label={`Edit ${name}`} onClick={() => onAsk({ kind: 'edit', form: formOf(rule), isNew: false })}>
        Edit
      </button>
      <button type="button" aria-label={`Delete ${name}`} onClick={() => onAsk({ kind: 'delete', name })}>
        Delete
      </button>
    </>
  );
}

function RuleTable({ rules, actions }: { rules: readonly Rule[]; actions?: (rule: Rule) => ComponentChildren }) {
  return (
    <Table head={['Rule', 'Topics', 'Whose readings', 'Decoder', 'Names', ...(actions ? ['Change'] : [])]}>
      {rules.map((rule) => (
        <tr key={`${rule.name} ${rule.pattern}`} data-rule={rule.name}>
          <td class="id">
            {rule.position !== null && <span class="place">{rule.position}</span>}
            <b>{rule.name}</b>
          </td>
          <td>
            <code>{rule.pattern}</code>
            {'problem' in rule && <p class="refusal">Not used: {rule.problem}</p>}
          </td>
          <td>{sourceText(rule.device)}</td>
          <td>{rule.decoder}</td>
          <td>{namesText(rule)}</td>
          {actions && <td class="rule-actions">{actions(rule)}</td>}
        </tr>
      ))}
    </Table>
  );
}

function sourceText(source: string): string {
  if (source === 'connection') return 'the connection’s';
  if (source === 'members') return 'devices that the payload’s members name';
  const [kind, name] = source.split(':', 2);
  return kind === 'level' ? `device in level {${name}}` : `device in member ${name}`;
}

function namesText({ prefix, value_name: name }: Rule): string {
  return (
    [prefix === null ? '' : `begin with ${prefix}`, name === null ? '' : `a bare value is ${name}`].filter(Boolean).join(', ') || 'as sent'
  );
}
