import { useRef } from 'preact/hooks';
import type { FleetFilter } from '../data/fleet-scan.js';
import { formatRoute } from '../data/route.js';

const typingPauseMs = 200;
const statuses = ['active', 'inactive', 'quarantined', 'decommissioned'];

/** Search text, status, connection, and which tenant's fleet this is. */
export function FleetFilterBar({ tenant, onChange }: { tenant: string; onChange: (filter: FleetFilter) => void }) {
  const text = useRef<HTMLInputElement>(null);
  const status = useRef<HTMLSelectElement>(null);
  const connection = useRef<HTMLSelectElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const change = () => {
    clearTimeout(timer.current);
    onChange({
      text: text.current!.value.trim(),
      status: status.current!.value,
      connection: connection.current!.value as FleetFilter['connection'],
    });
  };
  const typed = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(change, typingPauseMs);
  };
  return (
    <search class="filters">
      <input
        ref={text}
        type="search"
        placeholder="Search id, class, gateway"
        aria-label="Search devices"
        autocomplete="off"
        spellcheck={false}
        onInput={typed}
        onSearch={change}
      />
      <select ref={status} aria-label="Status" onChange={change}>
        <option value="">Any status</option>
        {statuses.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select ref={connection} aria-label="Connection" onChange={change}>
        <option value="">Any connection</option>
        <option value="connected">Connected</option>
        <option value="away">Not connected</option>
      </select>
      <TenantForm tenant={tenant} />
    </search>
  );
}

function TenantForm({ tenant }: { tenant: string }) {
  const input = useRef<HTMLInputElement>(null);
  const go = () => {
    const wanted = input.current!.value.trim();
    if (wanted && wanted !== tenant) location.hash = formatRoute({ page: 'fleet', tenant: wanted });
  };
  const submit = (event: Event) => {
    event.preventDefault();
    go();
  };
  return (
    <form class="tenant" onSubmit={submit}>
      <label for="tenant">Tenant</label>
      <input id="tenant" ref={input} defaultValue={tenant} autocomplete="off" spellcheck={false} maxLength={64} size={10} onChange={go} />
    </form>
  );
}
