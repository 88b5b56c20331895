import type { z } from 'zod';
import type { ApiCode } from '../contract/api-errors.js';
import type { KeyRole } from './caller.js';

/** What a route takes and answers, from which `GET /v1/openapi.json` is made. */
export interface RouteDoc {
  readonly summary: string;
  /** What `Authorization: Bearer` has to carry: a key of at least this role, or the token of a device. */
  readonly auth: KeyRole | 'device' | 'nothing';
  /**
   * To what of its caller the call keeps, of those with a role: to the tenant; to the tenant and the group of devices. deployment: it is
   * about all tenants, and closed to keys of one.
   */
  readonly scope?: 'deployment' | 'tenant' | 'device';
  readonly query?: z.ZodObject;
  /** Of a JSON body; 'any': the body is a message of whatever form. */
  readonly request?: z.ZodType | 'any';
  readonly answers: Readonly<Record<number, z.ZodType | 'text' | 'document'>>;
  /** Codes that this route adds to those that any call may be answered with. */
  readonly codes: readonly ApiCode[];
}
