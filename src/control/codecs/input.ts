import { z } from 'zod';
import { KIB } from '../../../assembly/abi/limits.js';
import {
  CODEC_BYTES_MAX,
  CODEC_FUEL_DEFAULT,
  CODEC_FUEL_MAX,
  CODEC_PAGES_DEFAULT,
  CODEC_PAGES_MAX,
} from '../../contract/codecs/codec-abi.js';
import { isCodecName } from '../../contract/codecs/codec-name.js';
import { textSchema, wholeNumber } from '../../http/input.js';
import { tenantSchema } from '../registry/input.js';
import { isBase64 } from '../topic-rules/input.js';

export const CODEC_BODY = { bytesMax: CODEC_BYTES_MAX, oversize: 'body_oversize' } as const;
export const CODEC_TRIAL_BODY = { bytesMax: 256 * KIB, oversize: 'body_oversize' } as const;

export const codecNameSchema = textSchema((value) =>
  isCodecName(value) ? undefined : 'must be 1 to 64 lower-case letters, digits, dots, dashes and underscores, a letter or digit first',
);

export const newCodecSchema = z.object({
  tenant: tenantSchema,
  name: codecNameSchema,
  fuel_max: wholeNumber(1, CODEC_FUEL_MAX, CODEC_FUEL_DEFAULT),
  memory_pages_max: wholeNumber(1, CODEC_PAGES_MAX, CODEC_PAGES_DEFAULT),
});

export const codecListSchema = z.object({ tenant: tenantSchema, name: codecNameSchema.optional() });

export const codecTrialSchema = z.strictObject({
  payload_base64: textSchema((value) => (isBase64(value) ? undefined : 'must be base64')),
});
