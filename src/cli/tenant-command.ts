import type { Command } from 'commander';
import type { TenantsAnswer, TenantTimeZoneAnswer } from '../contract/answers/devices.js';
import { type AdminApi, adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, withApplianceOptions } from './options.js';
import { grouped, Output, table } from './output.js';

export function addTenantCommand(program: Command): void {
  const tenant = program.command('tenant').summary('look at tenants').description('Tenants of a running appliance.');
  withApplianceOptions(tenant.command('list')).summary('the tenants that have devices').action(listTenants);
  withApplianceOptions(tenant.command('time-zone').argument('<tenant>').argument('[name]', 'such as Europe/Berlin; "" for none'))
    .summary('say in which time zone times are read that name none')
    .description('Without a name, shows the time zone of a tenant. A device may have one of its own: npx spillway device set --time-zone.')
    .action(timeZone);
}

async function listTenants(options: ApplianceOptions): Promise<void> {
  const output = new Output(options.json === true);
  const tenants = await readTenants(adminApi(configOf(options), options.url));
  const rows = tenants.map(({ tenant, devices }) => [tenant, grouped(devices)]);
  if (rows.length === 0) output.text('No tenant has devices. Add one: npx spillway device add');
  else output.text(...table([['TENANT', 'DEVICES'], ...rows]));
  output.document({ tenants });
}

async function timeZone(tenant: string, name: string | undefined, options: ApplianceOptions): Promise<void> {
  const output = new Output(options.json === true);
  const api = adminApi(configOf(options), options.url);
  const path = `/v1/time-zone?tenant=${encodeURIComponent(tenant)}`;
  const answer =
    name === undefined
      ? await api.get<TenantTimeZoneAnswer>(path)
      : await api.put<TenantTimeZoneAnswer>(path, { time_zone: name === '' ? null : name });
  const { time_zone: zone } = answer;
  output.text(
    zone === null
      ? `Tenant ${tenant} has no time zone: a time that names none is left out, and its message has the time of receipt`
      : `Times of tenant ${tenant} that name no time zone are those of ${zone}`,
  );
  output.document(answer);
}

/** Says where the devices are when a tenant has none. */
export async function emptyTenantHint(api: AdminApi, tenant: string): Promise<string> {
  const tenants = await readTenants(api);
  if (tenants.length === 0) return `No tenant has devices yet. Add one: npx spillway device add --id ID`;
  const others = tenants.map((one) => `${one.tenant} (${grouped(one.devices)})`).join(', ');
  return `Tenant ${tenant} has no devices. Tenants that have: ${others}. Name one: --tenant ${tenants[0]?.tenant}`;
}

async function readTenants(api: AdminApi): Promise<TenantsAnswer['tenants']> {
  return (await api.get<TenantsAnswer>('/v1/tenants')).tenants;
}
