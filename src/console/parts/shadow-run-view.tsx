import '../style/schemas.css';
import { useState } from 'preact/hooks';
import type { ShadowRun } from '../data/answer.js';
import { formatCount, formatMoment, formatValue } from '../data/format.js';
import { refusalText } from '../data/refusal.js';
import type { ShadowRunList } from '../data/shadow-runs.js';
import { Facts } from './facts.js';
import { Table } from './table.js';

type Field = ShadowRun['report']['fields'][number];
type Side = Field['examples'][number]['before'];

/** A shadow run with its report, and the button that makes its candidate what is used. */
export function ShadowRunView({ model, run }: { model: ShadowRunList; run: ShadowRun }) {
  const { id, candidate, subject, state, cause, report } = run;
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState('');
  const activate = async () => {
    setBusy(true);
    const answer = await model.activate(id);
    setBusy(false);
    setRefusal(answer.ok ? '' : refusalText(answer.refusal));
  };
  return (
    <section class="panel schema-part" aria-label={`Shadow run ${id}`} data-state={state}>
      <h2>
        Run {id}: {candidate === 'schema' ? `schema of ${subject}` : `topic rule ${subject}`}, {state}
      </h2>
      <div>
        {cause !== null && <p class="refusal">{cause}</p>}
        <Summary run={run} />
        {report.fields.length > 0 && <Fields fields={report.fields} />}
        {state === 'done' && (
          <div class="row">
            <button type="button" class="primary" disabled={busy} onClick={() => void activate()}>
              Activate
            </button>
            <span>
              {candidate === 'schema'
                ? 'Makes it the next version of the schema, in effect within a second.'
                : 'Makes it a rule of the tenant.'}
            </span>
          </div>
        )}
        <p class="refusal" role="alert">
          {refusal}
        </p>
      </div>
    </section>
  );
}

function Summary({ run: { began_at: began, report } }: { run: ShadowRun }) {
  const { messages, same, refused, from, to } = report;
  const span = from === null || to === null ? 'none' : `${formatMoment(Date.parse(from))} to ${formatMoment(Date.parse(to))}`;
  return (
    <Facts
      facts={[
        ['Began', formatMoment(Date.parse(began))],
        ['Messages', `${formatCount(messages)}, of which ${formatCount(same)} are read the same both ways`],
        ['Received', span],
        ['Dead letters as read now', countsOf(refused.before)],
        ['By the candidate', countsOf(refused.after)],
      ]}
    />
  );
}

function countsOf(counts: Readonly<Record<string, number>>): string {
  const listed = Object.entries(counts).map(([reason, count]) => `${formatCount(count)} × ${reason}`);
  return listed.join(', ') || 'none';
}

function Fields({ fields }: { fields: readonly Field[] }) {
  return (
    <Table head={['Metric', 'Same', 'Changed', 'Only as read now', 'Only by the candidate', 'Example']}>
      {fields.map(({ field, same, changed, only_before: lost, only_after: gained, examples }) => (
        <tr key={field} data-field={field}>
          <td class="id">
            <b>{field}</b>
          </td>
          <td>{formatCount(same)}</td>
          <td>{formatCount(changed)}</td>
          <td>{formatCount(lost)}</td>
          <td>{formatCount(gained)}</td>
          <td>{examples[0] ? `${examples[0].device}: ${sideOf(examples[0].before)} → ${sideOf(examples[0].after)}` : '–'}</td>
        </tr>
      ))}
    </Table>
  );
}

function sideOf(side: Side): string {
  return side === null ? 'nothing' : formatValue(side.value);
}
