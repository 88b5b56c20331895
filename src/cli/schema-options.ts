import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { CommandFailure } from './command-failure.js';
import { type ApplianceOptions, withApplianceOptions } from './options.js';

export interface TenantOptions extends ApplianceOptions {
  readonly tenant: string;
}

export interface DefinitionOptions extends TenantOptions {
  readonly format?: string;
  readonly mode?: string;
  readonly compatibility?: string;
}

export function withTenant(command: Command): Command {
  return withApplianceOptions(command).option('--tenant <id>', 'tenant', 'default');
}

export function withDefinition(command: Command): Command {
  return withTenant(command)
    .option(
      '--format <name>',
      'of the payloads: json, cbor, msgpack, protobuf, senml-json, … (default: protobuf for a .proto file, else json)',
    )
    .option('--mode <mode>', 'strict: a fault refuses the message; flexible: only one of a critical field')
    .option('--compatibility <with>', 'of a new version with the one before: backward, forward, full or none');
}

/** Path of the schema's call, with the tenant. */
export function pathOf(id: string, { tenant }: TenantOptions, call = ''): string {
  return `/v1/schemas/${encodeURIComponent(id)}${call}?${new URLSearchParams({ tenant })}`;
}

/** What a call says of a definition that lies in a file: JSON, or the text of a .proto file. */
export function definitionBody(path: string, { format, mode, compatibility }: DefinitionOptions) {
  const text = readFileSync(path === '-' ? 0 : path, 'utf8');
  const isProto = path.endsWith('.proto') || (format === 'protobuf' && !text.trimStart().startsWith('{'));
  const schema_definition = isProto ? text : parsed(path, text);
  return { schema_definition, format: format ?? (isProto ? 'protobuf' : 'json'), mode, compatibility };
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandFailure('definition_malformed', `cannot read the definition in ${path}: ${(error as Error).message}`, {
      wayOut: 'write one JSON document, or name a file that ends with .proto',
    });
  }
}
