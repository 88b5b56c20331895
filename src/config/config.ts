import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { suggestion } from '../contract/suggestion.js';
import { type Setting, variableOf } from './setting.js';
import { checkpointProblems } from './settings/checkpoints.js';
import { identityProblems } from './settings/identity.js';
import { kafkaProblems } from './settings/kafka.js';
import { listenProblems } from './settings/listen.js';
import { type Config, groups, settings } from './table.js';
import type { Values } from './values.js';

const allSettings = 'npx spillway config check --help lists all';
/** Variables of the family that are no settings: the file's path, and the switch of the browser tests. */
const otherVariables = ['SPILLWAY_CONFIG', 'SPILLWAY_CONTEXT', 'SPILLWAY_BROWSER_REQUIRED'];
// Kubernetes sets these in every pod beside a service that is named spillway.
const kubernetesVariable = /^SPILLWAY_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_\w+)?)?)$/;

export type Source = 'default' | 'file' | 'environment';

export interface EffectiveSetting {
  readonly name: string;
  readonly variable: string;
  readonly value: unknown;
  readonly source: Source;
}

/** A config, or every problem that prevents one. Secrets in `effective` are masked. */
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

/** File and environment to a Config, with the source of each value, and with problems as values. */
export function readConfig({ env, file, folder = process.cwd() }: ConfigSources): ConfigReading {
  const problems: string[] = [];
  const path = configPath(env, file, folder);
  const fromFile = path === undefined ? {} : readConfigFile(path, problems);
  refuseUnknownVariables(env, problems);
  const effective: EffectiveSetting[] = [];
  const read = (entry: Setting): unknown => {
    const { value, source } = pick(entry, fromFile, env);
    const parsed = entry.kind.schema.safeParse(value);
    if (value !== undefined && !parsed.success)
      problems.push(problem(entry, value, source, path, parsed.error.issues[0]?.message ?? 'is invalid'));
    const base = source === 'file' && path !== undefined ? dirname(path) : folder;
    const isPath = entry.kind.is === 'path' || entry.kind.is === 'pem';
    const final = isPath && typeof value === 'string' ? resolve(base, value) : value;
    problems.push(...unreadable(entry, final));
    effective.push({ name: entry.name, variable: variableOf(entry.name), value: masked(entry, final), source });
    return final;
  };
  const values = mapValues(groups, (group) => Object.freeze(mapValues(group, read))) as Values;
  problems.push(...listenProblems(values), ...identityProblems(values), ...kafkaProblems(values), ...checkpointProblems(values));
  return { config: problems.length === 0 ? (Object.freeze(values) as Config) : undefined, file: path, effective, problems };
}

function mapValues<V, W>(record: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
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
    if (!names.includes(name))
      problems.push(`cannot use key ${name} of ${path}: there is no such setting${suggestion(name, names, allSettings)}`);
  }
  return content as Record<string, unknown>;
}

function refuseUnknownVariables(env: ConfigSources['env'], problems: string[]): void {
  const known = [...settings.map((entry) => variableOf(entry.name)), ...otherVariables];
  for (const name of Object.keys(env).sort()) {
    if (!name.startsWith('SPILLWAY_') || known.includes(name) || kubernetesVariable.test(name)) continue;
    problems.push(`cannot use variable ${name}: there is no such setting${suggestion(name, known, allSettings, 'SPILLWAY_'.length)}`);
  }
}

function pick(entry: Setting, fromFile: Record<string, unknown>, env: ConfigSources['env']): { value: unknown; source: Source } {
  const given = env[variableOf(entry.name)];
  // An empty variable is how compose files and shells say "not set".
  if (given !== undefined && given !== '') {
    const isNumber = entry.kind.is === 'number' && /^-?\d+(\.\d+)?$/.test(given);
    return { value: isNumber ? Number(given) : given, source: 'environment' };
  }
  if (Object.hasOwn(fromFile, entry.name)) return { value: fromFile[entry.name], source: 'file' };
  return { value: entry.fallback, source: 'default' };
}

function problem(entry: Setting, value: unknown, source: Source, path: string | undefined, cause: string): string {
  const where = source === 'environment' ? variableOf(entry.name) : `${entry.name} of ${path}`;
  return `cannot use ${where} = ${JSON.stringify(masked(entry, value))}: it ${cause}; allowed: ${entry.kind.allowed}`;
}

function unreadable({ name, kind }: Setting, value: unknown): string[] {
  if (kind.is !== 'pem' || typeof value !== 'string') return [];
  try {
    readFileSync(value);
    return [];
  } catch (error) {
    return [`cannot use setting ${name} = ${JSON.stringify(value)}: ${(error as Error).message}; allowed: ${kind.allowed}`];
  }
}

function masked({ kind }: Setting, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (kind.is === 'secret') return '********';
  return kind.is === 'url' ? maskedUrl(value) : value;
}

function maskedUrl(value: string): string {
  if (!URL.canParse(value)) return '********';
  const url = new URL(value);
  if (url.password !== '') url.password = '********';
  if (url.searchParams.has('password')) url.searchParams.set('password', '********');
  return url.href;
}
