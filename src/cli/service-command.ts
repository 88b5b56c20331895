import type { Command } from 'commander';
import type { ServiceDeletedAnswer, ServiceMadeAnswer, ServicesAnswer } from '../contract/answers/services.js';
import { adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

interface TenantOptions extends ApplianceOptions {
  readonly tenant: string;
}

export function addServiceCommand(program: Command): void {
  const service = program
    .command('service')
    .summary('make, list and delete MQTT clients that are no devices')
    .description('Service clients use the topics of one tenant that ACL rules allow them, and publish no telemetry.');
  withTenant(service.command('add').argument('<name>', 'name of the client'))
    .summary('make a service client')
    .description('Makes a service client and shows its secret once.')
    .addHelpText(
      'after',
      '\nExample:\n  npx spillway service add dashboard\n  npx spillway acl allow devices/# --for service:dashboard --action subscribe',
    )
    .action(addService);
  withTenant(service.command('list')).summary('the service clients of a tenant').action(listServices);
  withTenant(service.command('rm').argument('<name>', 'name of the client'))
    .summary('delete a service client and end its connections')
    .action(removeService);
}

function withTenant(command: Command): Command {
  return withApplianceOptions(command).option('--tenant <id>', 'tenant', 'default');
}

async function addService(name: string, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { tenant } = options;
  const answer = await adminApi(configOf(options), options.url).post<ServiceMadeAnswer>('/v1/services', { tenant, name });
  output.text(
    `service client ${answer.name} of tenant ${answer.tenant} is made`,
    `  user name  ${answer.username}`,
    `  password   ${answer.secret}   (shown this once)`,
  );
  output.document(answer);
}

async function listServices(options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const query = new URLSearchParams({ tenant: options.tenant });
  const answer = await adminApi(configOf(options), options.url).get<ServicesAnswer>(`/v1/services?${query}`);
  output.text(...table([['NAME', 'MADE'], ...answer.services.map(({ name, created_at: made }) => [name, made])]));
  output.document(answer);
}

async function removeService(name: string, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const path = `/v1/services/${encodeURIComponent(name)}?${new URLSearchParams({ tenant: options.tenant })}`;
  const answer = await adminApi(configOf(options), options.url).delete<ServiceDeletedAnswer>(path);
  output.text(`service client ${answer.name} of tenant ${answer.tenant} is deleted`);
  output.document(answer);
}
