import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { PARTITIONS_MAX } from '../../assembly/abi.js';
import type { Config } from '../contract/config.js';
import { suggestion } from '../contract/suggestion.js';
import { between, choice, isNumeric, port, portAllowed, type Setting, setting, text, variableOf } from './setting.js';
import { checkpointSettings, storeProblems } from './settings/checkpoint-settings.js';
import { kafkaProblems, kafkaSettings } from './settings/kafka-settings.js';
import { tlsProblems, tlsSettings } from './settings/tls-settings.js';

const hostName = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)$/;
const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];

const ALL_ROLES = 'gateway,pipeline,control';

/** Every setting, in the order in which documents list them. */
export const settings: readonly Setting[] = [
  setting('stateFolder', 'state', text, '.spillway', 'a folder', 'Folder of the log, the embedded database and the admin key.'),
  setting(
    'adminKey',
    'admin_key',
    text.max(256, 'it is longer than 256 characters').regex(/^[\x21-\x7e]+$/, 'it holds a space or a character outside ASCII'),
    undefined,
    '1 to 256 printable ASCII characters without spaces',
    'First admin key; absent: one is made and kept in <state>/admin-key.',
  ),
  setting('bind', 'bind', text.regex(hostName, 'it is no address'), '127.0.0.1', 'an IP address or host name', 'Address to listen on.'),
  setting('mqttPort', 'mqtt_port', port, 1883, portAllowed, 'Port of MQTT over TCP.'),
  ...tlsSettings,
  setting('httpPort', 'http_port', port, 8080, portAllowed, 'Port of the API, the console and HTTP ingest.'),
  setting('coapPort', 'coap_port', port, 5683, portAllowed, 'Port of CoAP; kept for it, nothing listens there yet.'),
  setting(
    'databaseUrl',
    'database_url',
    text.refine(isPostgresUrl, 'it is no PostgreSQL URL'),
    undefined,
    'postgres://user:password@host:port/database',
    'PostgreSQL to store into; absent: the embedded server.',
  ),
  setting(
    'roles',
    'roles',
    text.regex(/^(gateway|pipeline|control)(,(gateway|pipeline|control))*$/, 'it names something else'),
    ALL_ROLES,
    'gateway, pipeline and control, some of them with commas between',
    'What this process does: serve devices; decode and store; API and console.',
  ),
  setting(
    'log',
    'log',
    choice('file', 'kafka', 'none'),
    'file',
    'file, kafka or none',
    'Where blocks are made durable: files in the state folder, or Kafka; none keeps nothing: for benches only.',
  ),
  ...kafkaSettings,
  setting(
    'gateways',
    'gateways',
    between(1, 16),
    1,
    'a whole number from 1 to 16',
    'Threads that serve device connections; more than one needs the native reactor.',
  ),
  setting(
    'partitions',
    'partitions',
    between(1, PARTITIONS_MAX),
    4,
    `a whole number from 1 to ${PARTITIONS_MAX}`,
    'Partitions of the log; fixed for the life of a state folder.',
  ),
  setting(
    'logRetentionHours',
    'log_retention_hours',
    between(1, 8760),
    24,
    'a whole number of hours from 1 to 8760',
    'How long committed log segments are kept; also the deduplication window.',
  ),
  setting(
    'logRetentionGib',
    'log_retention_gib',
    between(1, 1_048_576),
    64,
    'a whole number of GiB from 1 to 1048576',
    'Log kept at most: above it the oldest committed segments go before their time; what is not committed stays.',
  ),
  setting(
    'logBacklogMib',
    'log_backlog_mib',
    between(1, 1_048_576),
    16_384,
    'a whole number of MiB from 1 to 1048576',
    'Log that may wait for the database; at this much devices are no longer read, and nothing is dropped.',
  ),
  ...checkpointSettings,
  setting(
    'batchAgeMsMax',
    'batch_age_ms',
    between(1, 60_000),
    200,
    'a whole number of ms from 1 to 60000',
    'Rows are committed before they are older.',
  ),
  setting(
    'store',
    'store',
    choice('database', 'null'),
    'database',
    'database or null',
    'null counts rows and throws them away: for benches only.',
  ),
  setting(
    'reactor',
    'reactor',
    choice('auto', 'native', 'portable'),
    'auto',
    'auto, native or portable',
    'What reads the sockets of devices; auto: native where it was built.',
  ),
  setting('logLevel', 'log_level', choice(...levels), 'info', `one of ${levels.join(', ')}`, 'How much is logged on stderr.'),
];

/** Settings that are paths. */
const paths: readonly (keyof Config)[] = [
  'stateFolder',
  'tlsCert',
  'tlsKey',
  'tlsClientCa',
  'kafkaCa',
  'kafkaCert',
  'kafkaKey',
  'checkpointFolder',
];

/** Variables of the family that are no settings: the file's path, and the switch of the browser tests. */
const otherVariables = ['SPILLWAY_CONFIG', 'SPILLWAY_BROWSER_REQUIRED'];
// Kubernetes sets these in every pod beside a service that is named spillway.
const kubernetesVariable = /^SPILLWAY_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_\w+)?)?)$/;

export type Source = 'default' | 'file' | 'environment';

export interface EffectiveSetting {
  readonly name: string;
  readonly variable: string;
  readonly value: unknown;
  readonly source: Source;
}

/** What was read: a config, or every problem that stands in its way. Secrets in `effective` are masked. */
export interface ConfigReading {
  readonly config: Config | undefined;
  readonly file: string | undefined;
  readonly effective: readonly EffectiveSetting[];
  readonly problems: readonly string[];
}

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of the config file; absent: SPILLWAY_CONFIG, else spillway.json in `folder` if it is there. */
  readonly file?: string | undefined;
  /** The working folder; paths in the environment start from it, paths in the file from the file's folder. */
  readonly folder?: string;
}

/** Thrown by loadConfig; `problems` are whole sentences, one a setting. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** File and environment to a frozen Config; the environment wins. Throws a ConfigError with all problems. */
export function loadConfig(sources: ConfigSources): Config {
  const { config, problems } = readConfig(sources);
  if (!config) throw new ConfigError(problems);
  return config;
}

/** The same, with the source of each value, and with problems as values. */
export function readConfig({ env, file, folder = process.cwd() }: ConfigSources): ConfigReading {
  const problems: string[] = [];
  const path = configPath(env, file, folder);
  const fromFile = path === undefined ? {} : readConfigFile(path, problems);
  refuseUnknownVariables(env, problems);
  const effective: EffectiveSetting[] = [];
  const config: Record<string, unknown> = {};
  for (const entry of settings) {
    const { value, source } = pick(entry, fromFile, env);
    const parsed = entry.schema.safeParse(value);
    if (value !== undefined && !parsed.success)
      problems.push(problem(entry, value, source, path, parsed.error.issues[0]?.message ?? 'it is invalid'));
    const base = source === 'file' && path !== undefined ? dirname(path) : folder;
    const final = paths.includes(entry.key) && typeof value === 'string' ? resolve(base, value) : value;
    config[entry.key] = final;
    effective.push({ name: entry.name, variable: variableOf(entry.name), value: masked(entry.key, final), source });
  }
  problems.push(...tlsProblems(config), ...kafkaProblems(config), ...storeProblems(config));
  if (config.mqttPort === config.httpPort && config.mqttPort !== 0) {
    problems.push(`cannot use setting http_port: ${String(config.httpPort)} is also the mqtt_port; give each a port of its own, or 0`);
  }
  return { config: problems.length === 0 ? (Object.freeze(config) as unknown as Config) : undefined, file: path, effective, problems };
}

function configPath(env: ConfigSources['env'], file: string | undefined, folder: string): string | undefined {
  const named = file ?? (env.SPILLWAY_CONFIG || undefined);
  if (named !== undefined) return resolve(folder, named);
  const usual = resolve(folder, 'spillway.json');
  return existsSync(usual) ? usual : undefined;
}

function readConfigFile(path: string, problems: string[]): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    problems.push(`cannot read config file ${path}: ${(error as Error).message}; allowed: one JSON object`);
    return {};
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    problems.push(`cannot read config file ${path}: it holds no JSON object; allowed: {"http_port": 8080, …}`);
    return {};
  }
  const names = settings.map((entry) => entry.name);
  for (const name of Object.keys(content)) {
    if (!names.includes(name)) problems.push(`cannot use key ${name} of ${path}: there is no such setting${suggestion(name, names)}`);
  }
  return content as Record<string, unknown>;
}

function refuseUnknownVariables(env: ConfigSources['env'], problems: string[]): void {
  const known = [...settings.map((entry) => variableOf(entry.name)), ...otherVariables];
  for (const name of Object.keys(env).sort()) {
    if (!name.startsWith('SPILLWAY_') || known.includes(name) || kubernetesVariable.test(name)) continue;
    problems.push(`cannot use variable ${name}: there is no such setting${suggestion(name, known, 'SPILLWAY_'.length)}`);
  }
}

function pick(entry: Setting, fromFile: Record<string, unknown>, env: ConfigSources['env']): { value: unknown; source: Source } {
  const given = env[variableOf(entry.name)];
  // An empty variable is how compose files and shells say "not set".
  if (given !== undefined && given !== '') {
    const numeric = isNumeric(entry) && /^-?\d+(\.\d+)?$/.test(given);
    return { value: numeric ? Number(given) : given, source: 'environment' };
  }
  if (Object.hasOwn(fromFile, entry.name)) return { value: fromFile[entry.name], source: 'file' };
  return { value: entry.fallback, source: 'default' };
}

function problem(entry: Setting, value: unknown, source: Source, path: string | undefined, cause: string): string {
  const where = source === 'environment' ? variableOf(entry.name) : `${entry.name} of ${path}`;
  return `cannot use ${where} = ${JSON.stringify(masked(entry.key, value))}: ${cause}; allowed: ${entry.allowed}`;
}

function isPostgresUrl(value: string): boolean {
  return URL.canParse(value) && /^postgres(ql)?:$/.test(new URL(value).protocol);
}

function masked(key: keyof Config, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (key === 'adminKey' || key === 'kafkaSaslPassword' || key === 'checkpointStoreSecretAccessKey') return '********';
  if (key === 'databaseUrl') return maskedUrl(value);
  return value;
}

function maskedUrl(value: string): string {
  if (!URL.canParse(value)) return '********';
  const url = new URL(value);
  if (url.password !== '') url.password = '********';
  if (url.searchParams.has('password')) url.searchParams.set('password', '********');
  return url.href;
}
