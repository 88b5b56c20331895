import { useEffect, useState } from 'preact/hooks';
import type { Tenant } from '../data/answer.js';
import { addCommand, mqttCommand, tokenPlaceholder } from '../data/commands.js';
import type { Context } from '../data/context.js';
import { Fleet } from '../data/fleet.js';
import { isFiltered, positionText } from '../data/fleet-filter.js';
import { formatCount } from '../data/format.js';
import { formatRoute, type Route } from '../data/route.js';
import { AddDevice } from '../parts/add-device.js';
import { CommandLine } from '../parts/command-line.js';
import { EmptyState } from '../parts/empty-state.js';
import { FleetFilterBar } from '../parts/fleet-filter.js';
import { FleetLine } from '../parts/fleet-row.js';
import { Notice } from '../parts/notice.js';
import { useModel } from '../parts/use-model.js';

const tenantsShown = 20;

/** The list of devices: status, connection, last message and latest values, live. */
export function FleetPage({ context, route }: { context: Context; route: Extract<Route, { page: 'fleet' }> }) {
  const { tenant } = route;
  const fleet = useModel(() => new Fleet(context, tenant));
  const [adding, setAdding] = useState(false);
  const found = fleet.found.value;
  const filtered = isFiltered(fleet.filter.value);
  const empty = found !== undefined && found.devices.length === 0 && fleet.starts.value.length === 1;
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Devices</h1>
        <FleetFilterBar context={context} tenant={tenant} onChange={(filter) => fleet.search(filter)} />
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          Add device
        </button>
      </div>
      <Notice refusal={fleet.refusal.value} live={context.live} />
      <FleetTable fleet={fleet} />
      {empty && (filtered ? <NoMatch /> : <FirstSteps context={context} tenant={tenant} />)}
      {(!empty || filtered) && <Pager fleet={fleet} />}
      {adding && <AddDevice context={context} tenant={tenant} onAdded={() => void fleet.load()} onClose={() => setAdding(false)} />}
    </main>
  );
}

function FleetTable({ fleet }: { fleet: Fleet }) {
  const rows = fleet.rows.value;
  return (
    <table class="fleet" hidden={rows.length === 0}>
      <thead>
        <tr>
          {['Device', 'Status', 'Last seen', 'Latest values'].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <FleetLine key={row.device.peek().device_id} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function Pager({ fleet }: { fleet: Fleet }) {
  const found = fleet.found.value;
  const filtered = isFiltered(fleet.filter.value);
  const starts = fleet.starts.value;
  const position = found ? positionText(found, starts.at(-1)!.index, filtered) : '';
  const next = () => {
    fleet.next();
    document.getElementById('content')?.scrollIntoView();
  };
  return (
    <div class="pager">
      <span class="position" role="status">
        {fleet.loading.value ? (filtered ? 'Searching …' : 'Loading devices …') : position}
      </span>
      <button type="button" disabled={starts.length === 1} onClick={() => fleet.previous()}>
        Previous
      </button>
      <button type="button" disabled={!found?.next} onClick={next}>
        Next
      </button>
    </div>
  );
}

function NoMatch() {
  return (
    <EmptyState title="No device matches">
      <p>Try a shorter part of the id, or clear the filters. Class, group, tag and gateway are compared as a whole.</p>
    </EmptyState>
  );
}

function FirstSteps({ context, tenant }: { context: Context; tenant: string }) {
  return (
    <EmptyState title="No devices yet">
      <OtherTenants context={context} tenant={tenant} />
      <p>
        Each device has an id and a token. Add one with the button above or from a shell, then let it publish; it shows up here by itself.
      </p>
      <CommandLine label="1. Add a device" command={addCommand(tenant, 'dev-000001')} />
      <CommandLine
        label="2. Publish with the token it printed"
        command={mqttCommand(tenant, 'dev-000001', tokenPlaceholder, context.status.mqttPort.value)}
      />
      <p class="hint">For a fleet to look at at once, stop Spillway and run npm run demo: 100 simulated devices over real MQTT.</p>
    </EmptyState>
  );
}

/** Where the devices are, when they are in other tenants. */
function OtherTenants({ context, tenant }: { context: Context; tenant: string }) {
  const [others, setOthers] = useState<readonly Tenant[]>([]);
  useEffect(() => {
    void context.api.tenants().then((answer) => answer.ok && setOthers(answer.value.tenants.slice(0, tenantsShown)));
  }, []);
  if (others.length === 0) return null;
  return (
    <p class="other-tenants">
      Tenant {tenant} has none. Tenants that have devices:{' '}
      {others.map(({ tenant: other, devices }, index) => (
        <>
          {index > 0 && ', '}
          <a href={formatRoute({ page: 'fleet', tenant: other })}>{other}</a> ({formatCount(devices)})
        </>
      ))}
    </p>
  );
}
