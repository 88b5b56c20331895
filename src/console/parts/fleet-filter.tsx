import { useEffect, useRef, useState } from 'preact/hooks';
import type { Groups } from '../data/answer.js';
import type { Context } from '../data/context.js';
import { everyDevice, type FleetFilter } from '../data/fleet-filter.js';
import { formatRoute } from '../data/route.js';

const typingPauseMs = 200;
const statuses = ['active', 'inactive', 'quarantined', 'decommissioned'];

/** Those that are compared as a whole, so they are asked for once they are complete. */
const whole = [
  { member: 'deviceClass', label: 'Class' },
  { member: 'group', label: 'Group' },
  { member: 'tag', label: 'Tag', placeholder: 'Tag=value' },
  { member: 'via', label: 'Gateway' },
] as const;

interface FleetFilterProps {
  readonly context: Context;
  readonly tenant: string;
  readonly onChange: (filter: FleetFilter) => void;
}

/** What devices are searched for, and which tenant's fleet this is. The server searches. */
export function FleetFilterBar({ context, tenant, onChange }: FleetFilterProps) {
  const filter = useRef(everyDevice);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (part: Partial<FleetFilter>, pauseMs = 0) => {
    const before = filter.current;
    filter.current = { ...before, ...part };
    clearTimeout(timer.current);
    const run = () => onChange(filter.current);
    if (pauseMs > 0) timer.current = setTimeout(run, pauseMs);
    else run();
  };
  return (
    <search class="filters">
      <input
        type="search"
        placeholder="Search id, class, model, tags …"
        aria-label="Search devices"
        autocomplete="off"
        spellcheck={false}
        maxLength={256}
        onInput={(event) => change({ text: event.currentTarget.value.trim() }, typingPauseMs)}
        onSearch={(event) => change({ text: event.currentTarget.value.trim() })}
      />
      <select aria-label="Status" onChange={(event) => change({ status: event.currentTarget.value })}>
        <option value="">Any status</option>
        {statuses.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select aria-label="Connection" onChange={(event) => change({ connection: event.currentTarget.value as FleetFilter['connection'] })}>
        <option value="">Any connection</option>
        <option value="connected">Connected</option>
        <option value="away">Not connected</option>
      </select>
      {whole.map(({ member, label, ...rest }) => (
        <input
          key={member}
          type="text"
          class="whole"
          aria-label={label}
          placeholder={'placeholder' in rest ? rest.placeholder : label}
          list={member === 'group' ? 'fleet-groups' : undefined}
          autocomplete="off"
          spellcheck={false}
          onChange={(event) => change({ [member]: event.currentTarget.value.trim() })}
        />
      ))}
      <GroupList context={context} tenant={tenant} />
      <TenantForm tenant={tenant} />
    </search>
  );
}

/** The paths that the field of the group offers. */
function GroupList({ context, tenant }: { context: Context; tenant: string }) {
  const [paths, setPaths] = useState<readonly string[]>([]);
  useEffect(() => {
    void context.api.call<Groups>('GET', '/v1/groups', { tenant }).then((answer) => {
      if (answer.ok) setPaths(answer.value.groups.map(({ path }) => path));
    });
  }, []);
  return (
    <datalist id="fleet-groups">
      {paths.map((path) => (
        <option key={path} value={path} />
      ))}
    </datalist>
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
