import '../style/fields.css';
import '../style/schemas.css';
import { useState } from 'preact/hooks';
import type { Imported } from '../data/answer.js';
import type { Context } from '../data/context.js';
import { DeviceImport } from '../data/device-import.js';
import { formatCount } from '../data/format.js';
import { refusalText } from '../data/refusal.js';
import type { PlainRoute } from '../data/route.js';
import { Facts } from '../parts/facts.js';
import { Table } from '../parts/table.js';

/** Devices in a CSV file: tried and imported, with a report for each row that cannot be taken, and exported. */
export function ImportPage({ context, route }: { context: Context; route: PlainRoute }) {
  const [model] = useState(() => new DeviceImport(context.api, route.tenant));
  const report = model.report.value;
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Import and export</h1>
        <span class="position">Of tenant {route.tenant}</span>
      </div>
      <p class="lead">
        The first line of a file names its columns: device_id, and any of token, status, device_class, firmware_version, via, model, serial,
        owner, time_zone, lat, lon, location, tags, groups and metadata. A device that is there is changed, any other one is registered.
      </p>
      <ImportForm model={model} />
      <div role="status">{report?.ok && <Report report={report.value} />}</div>
      <p class="refusal" role="alert">
        {report && !report.ok ? refusalText(report.refusal) : ''}
      </p>
      <Export model={model} tenant={route.tenant} />
    </main>
  );
}

function ImportForm({ model }: { model: DeviceImport }) {
  const [file, setFile] = useState<Blob>();
  const [mayCreateGroups, setMayCreateGroups] = useState(false);
  const [busy, setBusy] = useState(false);
  const run = async (isDryRun: boolean) => {
    setBusy(true);
    await model.run({ file: file!, mayCreateGroups }, isDryRun);
    setBusy(false);
  };
  return (
    <section class="panel schema-part" aria-label="Import">
      <h2>Import</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run(true);
        }}
      >
        <div class="field">
          <label for="import-file">CSV file</label>
          <input id="import-file" type="file" accept=".csv,text/csv" onChange={(event) => setFile(event.currentTarget.files?.[0])} />
        </div>
        <label>
          <input type="checkbox" checked={mayCreateGroups} onChange={(event) => setMayCreateGroups(event.currentTarget.checked)} /> Make
          groups that are not there
        </label>
        <div class="row">
          <button type="submit" disabled={busy || !file}>
            Try: change nothing
          </button>
          <button type="button" class="primary" disabled={busy || !file} onClick={() => void run(false)}>
            Import
          </button>
        </div>
      </form>
    </section>
  );
}

function Report({ report }: { report: Imported }) {
  const { dry_run: isDryRun, rows, created, updated, unchanged, failed, groups_created: groups, problems, tokens } = report;
  return (
    <section class="panel schema-part" aria-label="Report" data-dry={isDryRun}>
      <h2>{isDryRun ? 'What an import would do' : 'What the import did'}</h2>
      <div>
        <Facts
          facts={[
            ['Rows', formatCount(rows)],
            ['Registered', formatCount(created)],
            ['Changed', formatCount(updated)],
            ['As they were', formatCount(unchanged)],
            ['Not taken', formatCount(failed)],
            ['Groups made', formatCount(groups)],
          ]}
        />
        {problems.length > 0 && (
          <Table head={['Line', 'Device', 'Why it is not taken']}>
            {problems.map(({ line, device_id: id, reason }) => (
              <tr key={line} data-line={line}>
                <td class="id">{line}</td>
                <td>{id ?? '–'}</td>
                <td>{reason}</td>
              </tr>
            ))}
          </Table>
        )}
        {report.problems_left_out > 0 && <p>{formatCount(report.problems_left_out)} more rows were not taken.</p>}
        {tokens.length > 0 && (
          <p>
            <button type="button" onClick={() => save('tokens.csv', tokensOf(report))}>
              {tokens.length === 1 ? 'Save 1 token' : `Save ${formatCount(tokens.length)} tokens`}
            </button>{' '}
            They are shown only now: Spillway keeps no more than hashes of them.
          </p>
        )}
      </div>
    </section>
  );
}

/** Each cell is in quotes: an id may have commas in it. */
function tokensOf({ tokens }: Imported): Blob {
  const lines = tokens.map(({ device_id: id, auth_token: token }) => `"${id.replaceAll('"', '""')}","${token.replaceAll('"', '""')}"\n`);
  return new Blob(['device_id,token\n', ...lines], { type: 'text/csv' });
}

function Export({ model, tenant }: { model: DeviceImport; tenant: string }) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState('');
  const run = async () => {
    setBusy(true);
    const answer = await model.exportAll();
    setBusy(false);
    setRefusal(answer.ok ? '' : refusalText(answer.refusal));
    if (answer.ok) save(`devices-${tenant}.csv`, answer.value);
  };
  return (
    <section class="panel schema-part" aria-label="Export">
      <h2>Export</h2>
      <div>
        <p>All devices of the tenant, as an import reads them; without their tokens, which Spillway does not have.</p>
        <div class="row">
          <button type="button" disabled={busy} onClick={() => void run()}>
            Export
          </button>
        </div>
        <p class="refusal" role="alert">
          {refusal}
        </p>
      </div>
    </section>
  );
}

function save(name: string, file: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
