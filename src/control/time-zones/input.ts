import { z } from 'zod';
import { isTimeZone } from '../../contract/time-zone.js';

/** A time zone as operators name it. */
export const timeZoneSchema = z
  .string('must be a string')
  .refine(isTimeZone, 'must be a time zone of the IANA database, such as Europe/Berlin');
