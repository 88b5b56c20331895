import { useComputed } from '@preact/signals';
import { useState } from 'preact/hooks';
import { nowMs } from '../data/clock.js';
import { formatAge, formatCount, formatMoment, formatValue } from '../data/format.js';
import type { MetricRow } from '../data/metric-list.js';
import type { WatchedDevice } from '../data/watched-device.js';
import { BreakableName } from './breakable-name.js';

const rowsMax = 200;
/** From this many metrics on there is a box to search them. */
const searchFrom = 12;

/** All metrics of a device with their latest values; it is also the picker of what to chart. */
export function MetricTable({ model }: { model: WatchedDevice }) {
  const [search, setSearch] = useState('');
  const rows = model.metrics.rows.value;
  const selected = model.panels.selected.value;
  const text = search.trim().toLowerCase();
  const found = rows.filter(({ metric }) => metric.toLowerCase().includes(text));
  return (
    <section class="panel chooser" aria-label="Latest values">
      <input
        type="search"
        placeholder="Search metrics"
        aria-label="Search metrics"
        hidden={rows.length < searchFrom}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <div class="metrics-scroll">
        <table class="metrics">
          <thead>
            <tr>
              {['Metric', 'Latest', 'Age'].map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.slice(0, rowsMax).map((row) => (
              <MetricLine key={row.metric} row={row} picked={selected.includes(row.metric)} onPick={(on) => model.pick(row.metric, on)} />
            ))}
          </tbody>
        </table>
      </div>
      {/* More than fit on a page wait for a search. */}
      <p class="hint" hidden={found.length <= rowsMax}>
        {formatCount(found.length - rowsMax)} more: search to see them.
      </p>
    </section>
  );
}

function MetricLine({ row, picked, onPick }: { row: MetricRow; picked: boolean; onPick: (on: boolean) => void }) {
  const value = useComputed(() => formatValue(row.value.value));
  const kind = useComputed(() => (typeof row.value.value === 'string' ? 'text' : 'number'));
  const age = useComputed(() => formatAge(row.tsMs.value, nowMs.value).replace(' ago', ''));
  const moment = useComputed(() => formatMoment(row.tsMs.value));
  return (
    <tr data-metric={row.metric}>
      <td>
        <label>
          <input type="checkbox" checked={picked} onChange={(event) => onPick(event.currentTarget.checked)} />
          <span class="metric-name">
            <BreakableName name={row.metric} />
          </span>
        </label>
      </td>
      <td class="value" data-kind={kind}>
        {value}
        {row.unit.value !== '' && <span class="unit"> {row.unit}</span>}
      </td>
      <td class="age" title={moment}>
        {age}
      </td>
    </tr>
  );
}
