import type { z } from 'zod';
import type { ApiCode } from '../contract/api-errors.js';

/** What a route takes and answers, from which `GET /v1/openapi.json` is made. */
export interface RouteDoc {
  readonly summary: string;
  /** What `Authorization: Bearer` has to carry. */
  readonly auth: 'admin' | 'device' | 'nothing';
  readonly query?: z.ZodObject;
  /** Of a JSON body; 'any': the body is a message of whatever form. */
  readonly request?: z.ZodType | 'any';
  readonly answers: Readonly<Record<number, z.ZodType | 'text' | 'document'>>;
  /** Codes that this route adds to those that any call may be answered with. */
  readonly codes: readonly ApiCode[];
}
