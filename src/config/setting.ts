import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Config } from '../contract/config.js';

/** One thing an operator can set: `name` in the file, `SPILLWAY_<NAME>` in the environment. */
export interface Setting {
  readonly key: keyof Config;
  readonly name: string;
  readonly what: string;
  readonly allowed: string;
  readonly fallback: string | number | undefined;
  readonly schema: z.ZodType;
}

/** Values by key, as they were read: each may be of any kind, and absent. */
export type Values = Readonly<Record<string, unknown>>;

export function setting(
  key: keyof Config,
  name: string,
  schema: z.ZodType,
  fallback: Setting['fallback'],
  allowed: string,
  what: string,
): Setting {
  return Object.freeze({ key, name, schema, fallback, allowed, what });
}

export const port = z.int({ error: 'it is no whole number' }).min(0, 'it is below 0').max(65535, 'it is above 65535');
export const portAllowed = 'a whole number from 0 (any free port) to 65535';
export const copies = between(1, 32);
export const text = z.string({ error: 'it is no string' }).min(1, 'it is empty');

export function between(lowest: number, highest: number): z.ZodType {
  return z.int({ error: 'it is no whole number' }).min(lowest, `it is below ${lowest}`).max(highest, `it is above ${highest}`);
}

export function choice(...values: string[]): z.ZodType {
  return z.enum(values, { error: 'it is none of the choices' });
}

/** Whether digits in the environment stand for a number. Numbers that need not be set are known by their schemas. */
export function isNumeric({ fallback, schema }: Setting): boolean {
  return typeof fallback === 'number' || schema === port || schema === copies;
}

export function variableOf(name: string): string {
  return `SPILLWAY_${name.toUpperCase()}`;
}

/** Those of these settings, names by key, whose file cannot be read. */
export function fileProblems(config: Values, names: Readonly<Record<string, string>>): string[] {
  return Object.entries(names).flatMap(([key, name]) => {
    const path = config[key];
    if (typeof path !== 'string') return [];
    try {
      readFileSync(path);
      return [];
    } catch (error) {
      const { message } = error as Error;
      return [`cannot use setting ${name} = ${JSON.stringify(path)}: ${message}; allowed: a PEM file that this user can read`];
    }
  });
}
