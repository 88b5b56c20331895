import '../style/audit.css';
import { type AuditEntry, AuditPages } from '../data/audit.js';
import type { Context } from '../data/context.js';
import { formatMoment } from '../data/format.js';
import { type AuditFilter, formatRoute, type Route } from '../data/route.js';
import { CursorPager } from '../parts/cursor-pager.js';
import { EmptyState } from '../parts/empty-state.js';
import { Facts } from '../parts/facts.js';
import { Notice } from '../parts/notice.js';
import { useModel } from '../parts/use-model.js';

type AuditRoute = Extract<Route, { page: 'audit' }>;

/** Who changed what, when, from where, and what it was before and after. */
export function AuditPage({ context, route }: { context: Context; route: AuditRoute }) {
  const { page, tenant, ...first } = route;
  const model = useModel(() => new AuditPages(context, tenant, first));
  const entries = model.entries.value;
  const filter = model.filter.value;
  const narrow = (part: AuditFilter) => {
    const named = Object.entries({ ...filter, ...part }).filter(([, value]) => value !== '');
    const next: AuditFilter = Object.fromEntries(named);
    model.narrow(next);
    // The address names the filter, so a link shows what its sender saw.
    history.replaceState(null, '', formatRoute({ page, tenant, ...next }));
  };
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Audit log</h1>
        <span class="position" role="status">
          {entries ? '' : model.refusal.value ? '' : 'Loading the audit log …'}
        </span>
      </div>
      <p class="lead">Each change that somebody made by the API, this console or the command line, newest first.</p>
      <Filters filter={filter} onChange={narrow} />
      <Notice refusal={model.refusal.value} live={context.live} />
      <div class="entries">
        {entries?.map((entry) => (
          <Entry key={entry.id} entry={entry} />
        ))}
      </div>
      {entries?.length === 0 && (
        <EmptyState title={Object.keys(filter).length > 0 ? 'No entry matches' : 'Nothing was changed yet'}>
          <p>Whoever makes, changes or deletes something with a key is noted here.</p>
        </EmptyState>
      )}
      <CursorPager pages={model.pages} onTurn={() => void model.load()} />
    </main>
  );
}

const texts = [
  ['actor', 'Key or person', 'grafana'],
  ['action', 'Call', 'DELETE /v1/devices'],
  ['target', 'What was changed', 'device pump-1'],
] as const;
const times = [
  ['from', 'From'],
  ['to', 'Until'],
] as const;

function Filters({ filter, onChange }: { filter: AuditFilter; onChange: (part: AuditFilter) => void }) {
  return (
    <search class="audit-filters">
      {texts.map(([member, label, placeholder]) => (
        <label key={member}>
          {label}
          <input
            type="search"
            placeholder={placeholder}
            value={filter[member] ?? ''}
            onChange={(event) => onChange({ [member]: event.currentTarget.value.trim() })}
          />
        </label>
      ))}
      {times.map(([member, label]) => (
        <label key={member}>
          {label}
          <input
            type="datetime-local"
            value={filter[member] ?? ''}
            onChange={(event) => onChange({ [member]: event.currentTarget.value })}
          />
        </label>
      ))}
    </search>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { at, actor, action, target, address, path, tenant, before, after } = entry;
  return (
    <details class="entry" data-action={action}>
      <summary>
        <time dateTime={at}>{formatMoment(Date.parse(at))}</time>
        <b class="id">{actor.name}</b>
        <code>{action}</code>
        <span class="id">{target}</span>
      </summary>
      <div class="entry-details">
        <Facts
          facts={[
            ['By', `${actor.kind} ${actor.id}, ${actor.name}, ${actor.role}`],
            ['From address', address],
            ['Path', path],
            ['Tenant', tenant ?? 'of none, or as the path says'],
          ]}
        />
        {before !== null && <State title="Before" value={before} />}
        {after !== null && <State title="After" value={after} />}
      </div>
    </details>
  );
}

function State({ title, value }: { title: string; value: unknown }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard, too. */}
      <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre>
    </section>
  );
}
