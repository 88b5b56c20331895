import '../style/letters.css';
import type { LetterDepth } from '../data/answer.js';
import type { Context } from '../data/context.js';
import { DeadLetters } from '../data/dead-letters.js';
import { formatBytes, formatCount } from '../data/format.js';
import { formatRoute, type LetterFilter, type Route } from '../data/route.js';
import { CommandLine } from '../parts/command-line.js';
import { CursorPager } from '../parts/cursor-pager.js';
import { DeadLetterRow } from '../parts/dead-letter-row.js';
import { EmptyState } from '../parts/empty-state.js';
import { ReplayLetters } from '../parts/letter-replay.js';
import { Notice } from '../parts/notice.js';
import { useModel } from '../parts/use-model.js';

type LettersRoute = Extract<Route, { page: 'dead-letters' }>;

/** Messages that were taken in but could not be decoded, and rows that the database refused, newest first. */
export function DeadLettersPage({ context, route }: { context: Context; route: LettersRoute }) {
  const model = useModel(() => new DeadLetters(context, route.tenant, filterOf(route)));
  const filter = model.filter.value;
  const letters = model.letters.value ?? [];
  const reasons = new Set([...letters.map((letter) => letter.reason), ...(filter.reason ? [filter.reason] : [])]);
  const narrow = (change: LetterFilter) => {
    const next = filterOf({ ...filter, ...change });
    model.narrow(next);
    // The address names the filter, so a link shows what its sender saw.
    history.replaceState(null, '', formatRoute({ page: 'dead-letters', tenant: route.tenant, ...next }));
  };
  const { pages } = model;
  const isAll = pages.number.value === 1 && pages.next.value === null;
  const count = isAll ? `${formatCount(letters.length)} in all` : `${formatCount(letters.length)} of them, newest first`;
  const filtered = Object.keys(filter).length > 0;
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Dead letters</h1>
        <input
          type="search"
          placeholder="Device id"
          aria-label="Device"
          value={filter.device ?? ''}
          onChange={(event) => narrow({ device: event.currentTarget.value.trim() })}
        />
        <select aria-label="Reason" value={filter.reason ?? ''} onChange={(event) => narrow({ reason: event.currentTarget.value })}>
          <option value="">Any reason</option>
          {[...reasons].map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <span class="position" role="status">
          {model.letters.value ? (letters.length > 0 ? count : '') : model.refusal.value ? '' : 'Loading dead letters …'}
        </span>
      </div>
      <p class="lead">
        Messages that Spillway took in and acknowledged but could not decode, and single rows that the database refused. Nothing is lost:
        they are kept here.{model.depth.value && <Depth depth={model.depth.value} />}
      </p>
      <ReplayLetters
        api={context.api}
        tenant={route.tenant}
        filter={filter}
        isEmpty={letters.length === 0}
        onEnd={() => model.narrow(model.filter.peek())}
      />
      <Notice refusal={model.refusal.value} live={context.live} />
      <div class="letters">
        {letters.map((letter) => (
          <DeadLetterRow key={letter.id} api={context.api} letter={letter} />
        ))}
      </div>
      <CursorPager pages={pages} onTurn={() => model.turned()} />
      {model.letters.value?.length === 0 && (filtered ? <NoMatch /> : <NothingDead />)}
    </main>
  );
}

/** How many there are, tried again or not. */
function Depth({ depth: { letters, bytes, removed } }: { depth: LetterDepth }) {
  const gone = removed > 0 ? `; ${formatCount(removed)} older ones were removed, as limits of the settings say` : '';
  return <span class="letters-depth">{` ${formatCount(letters)} of this tenant, ${formatBytes(bytes)}${gone}.`}</span>;
}

/** Only what narrows: an empty text is any. */
function filterOf({ device, device_class, reason }: LetterFilter): LetterFilter {
  return { ...(device ? { device } : {}), ...(device_class ? { device_class } : {}), ...(reason ? { reason } : {}) };
}

function NoMatch() {
  return (
    <EmptyState title="No dead letter matches">
      <p>Clear the device or the reason to see the others.</p>
    </EmptyState>
  );
}

function NothingDead() {
  return (
    <EmptyState title="No dead letters">
      <p>Every message so far could be decoded and stored. A payload is a JSON object with "metrics", and optionally "ts" and "seq":</p>
      <CommandLine label="Payload" command='{"ts": "2026-01-31T12:00:00Z", "metrics": {"temperature": 21.5, "door": "open"}, "seq": 42}' />
    </EmptyState>
  );
}
