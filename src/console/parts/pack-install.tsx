import { useState } from 'preact/hooks';
import type { Answer, PackInstall as Installed, PackReport } from '../data/answer.js';
import type { PackList } from '../data/packs.js';
import { refusalText } from '../data/refusal.js';
import { formatRoute } from '../data/route.js';
import { Dialog } from './dialog.js';
import { Facts } from './facts.js';

interface PackInstallProps {
  readonly model: PackList;
  readonly tenant: string;
  readonly onClose: () => void;
}

/** The dialog in which a file is chosen and verified, and then installed, at once or after a shadow run. */
export function PackInstall({ model, tenant, onClose }: PackInstallProps) {
  const [file, setFile] = useState<Blob>();
  const [report, setReport] = useState<PackReport>();
  const [allowUnsigned, setAllowUnsigned] = useState(false);
  const [begun, setBegun] = useState<Installed>();
  const [refusal, setRefusal] = useState('');
  const [busy, setBusy] = useState(false);
  const run = async <T,>(call: Promise<Answer<T>>, take: (value: T) => void) => {
    setBusy(true);
    const answer = await call;
    setBusy(false);
    setRefusal(answer.ok ? '' : refusalText(answer.refusal));
    if (answer.ok) take(answer.value);
  };
  const choose = (chosen: Blob | undefined) => {
    setFile(chosen);
    setReport(undefined);
    if (chosen) void run(model.verify(chosen), setReport);
  };
  const install = (now: boolean, close: () => void) => {
    const choice = { now, allowUnsigned };
    if (file) void run(model.install(file, choice), (answer) => (answer.state === 'shadow' ? setBegun(answer) : close()));
  };
  const isTrusted = report?.signature.state === 'trusted';
  return (
    <Dialog label="Install a pack" onClose={onClose}>
      {(close) => (
        <section>
          <h2>Install a pack</h2>
          {begun ? (
            <p>
              Nothing is installed yet: <a href={formatRoute({ page: 'shadow-runs', tenant })}>shadow run {begun.shadow_run}</a> tries it on
              messages of the log. Activate it there.
            </p>
          ) : (
            <div class="field">
              <label for="pack-file">File</label>
              <input id="pack-file" type="file" accept=".pack" onChange={(event) => choose(event.currentTarget.files?.[0])} />
            </div>
          )}
          {report && !begun && <Report report={report} />}
          {report && !begun && !isTrusted && (
            <label>
              <input type="checkbox" checked={allowUnsigned} onChange={(event) => setAllowUnsigned(event.currentTarget.checked)} /> Install
              it although no key that is trusted here signed it
            </label>
          )}
          <p class="refusal" role="alert">
            {refusal}
          </p>
          <div class="actions">
            <button type="button" class="quiet" onClick={close}>
              Close
            </button>
            {report && !begun && (
              <>
                <button type="button" disabled={busy || !(isTrusted || allowUnsigned)} onClick={() => install(false, close)}>
                  Try on the log first
                </button>
                <button type="button" class="primary" disabled={busy || !(isTrusted || allowUnsigned)} onClick={() => install(true, close)}>
                  Install now
                </button>
              </>
            )}
          </div>
        </section>
      )}
    </Dialog>
  );
}

/** Whose the file is, what its messages become, and what is in the way. */
function Report({ report }: { report: PackReport }) {
  const { name, version, vendor, description, signature, vectors, installed_version: installed, conflicts, shared_topics: shared } = report;
  const wrong = vectors.filter(({ problem }) => problem !== null);
  return (
    <>
      <Facts
        facts={[
          ['Pack', `${name} ${version} of ${vendor}: ${description}`],
          ['Installed now', installed ?? 'no version'],
          ['Signature', signatureText(signature)],
          ['Test messages', wrong.length === 0 ? `all ${vectors.length} become what the pack says` : `${wrong.length} do not`],
        ]}
      />
      {[
        ...wrong.map((vector) => `${vector.name}: ${vector.problem}`),
        ...conflicts,
        ...shared.map(({ first, first_pattern: taken, later }) => `${later} loses topics to the tenant’s own rule ${first} (${taken})`),
      ].map((line) => (
        <p class="refusal" key={line}>
          {line}
        </p>
      ))}
    </>
  );
}

function signatureText({ state, key_name: name, key_ids: ids }: PackReport['signature']): string {
  if (state === 'trusted') return `by ${name}, whose key is trusted`;
  return state === 'unsigned' ? 'none' : `by ${ids.join(', ')}, which is not trusted here`;
}
