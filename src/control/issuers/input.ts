import { z } from 'zod';
import { ISSUER_ALGORITHMS } from '../../contract/identity/issuer.js';
import { textSchema } from '../../http/input.js';
import { tenantSchema } from '../registry/input.js';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

const shortText = textSchema((text) => (text.length > 0 && text.length <= 512 ? undefined : 'must have 1 to 512 characters'));

/** Over plain HTTP whoever is on the way could put keys of their own in. */
function urlProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) return 'must be a URL of https';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or a password';
  return url.protocol === 'https:' || LOOPBACK.includes(url.hostname) ? undefined : 'must be a URL of https, unless it is of this host';
}

export const newIssuerSchema = z
  .strictObject({
    tenant: tenantSchema,
    issuer: shortText,
    audience: shortText,
    device_claim: shortText.default('sub'),
    tenant_claim: shortText.optional(),
    algorithms: z
      .array(z.enum(ISSUER_ALGORITHMS, `must be of ${ISSUER_ALGORITHMS.join(', ')}`))
      .min(1, 'must name one at least')
      .default([...ISSUER_ALGORITHMS]),
    jwks_url: textSchema(urlProblem).optional(),
    /** RFC 7517 §5. */
    jwks: z.record(z.string(), z.unknown()).optional(),
  })
  .refine(({ jwks_url: url, jwks }) => (url === undefined) !== (jwks === undefined), 'jwks_url or jwks must be given, and not both');
