import type { Command } from 'commander';
import type { TenantsAnswer } from '../contract/answers/devices.js';
import { type AdminApi, adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, withApplianceOptions } from './options.js';
import { grouped, Output, table } from './output.js';

export function addTenantCommand(program: Command): void {
  const tenant = program.command('tenant').summary('look at tenants').description('Tenants of a running appliance.');
  withApplianceOptions(tenant.command('list')).summary('the tenants that have devices').action(listTenants);
}

async function listTenants(options: ApplianceOptions): Promise<void> {
  const output = new Output(options.json === true);
  const tenants = await readTenants(adminApi(configOf(options), options.url));
  const rows = tenants.map(({ tenant, devices }) => [tenant, grouped(devices)]);
  if (rows.length === 0) output.text('No tenant has devices. Add one: npx spillway device add');
  else output.text(...table([['TENANT', 'DEVICES'], ...rows]));
  output.document({ tenants });
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
