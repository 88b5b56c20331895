import type { X509Certificate } from 'node:crypto';

/** Who a certificate is said to be of. */
export interface NamedDevice {
  readonly tenant: string;
  readonly device: string;
}

/** Reads a name of a certificate as that of a device. */
export interface NamePattern {
  readonly source: 'cn' | 'dns' | 'uri' | 'email';
  readonly matches: RegExp;
}

const TENANT_DEFAULT = 'default';
const PATTERN = /^(cn|dns|uri|email):(.+)$/;
const SAN_KINDS: Readonly<Record<string, NamePattern['source']>> = { DNS: 'dns', URI: 'uri', email: 'email' };
/** One name of subjectAltName as Node writes it: values with special characters are in quotes. */
const SAN = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/gy;

/** `cn:{device}`, `dns:{device}.{tenant}.example.org`, `uri:urn:dev:{device}`; undefined: the text is no pattern. */
export function namePattern(text: string): NamePattern | undefined {
  const [, source, template = ''] = PATTERN.exec(text) ?? [];
  const isOnce = (placeholder: string) => template.split(placeholder).length === 2;
  if (source === undefined || !isOnce('{device}') || (template.includes('{tenant}') && !isOnce('{tenant}'))) return undefined;
  if (/[{}]/.test(template.replace('{device}', '').replace('{tenant}', ''))) return undefined;
  const escaped = template.replace(/[.*+?^$()|[\]\\/]/g, '\\$&');
  // A name of DNS has dots between its labels, of which a device's is one; no id holds a slash.
  const value = source === 'dns' ? '[^.]+' : '[^/]+?';
  const expression = escaped.replace('{device}', `(?<device>${value})`).replace('{tenant}', `(?<tenant>${value})`);
  return { source: source as NamePattern['source'], matches: new RegExp(`^${expression}$`, source === 'dns' ? 'is' : 's') };
}

/** The device that the certificate names; undefined: none, or several. */
export function deviceNamed(certificate: X509Certificate, patterns: readonly NamePattern[]): NamedDevice | undefined {
  const names = namesOf(certificate);
  for (const { source, matches } of patterns) {
    const ofSource = names.filter((name) => name.source === source);
    const found = ofSource.map(({ value }) => matches.exec(value)?.groups).filter((groups) => groups !== undefined);
    const [first, ...more] = found;
    if (more.length > 0) return undefined;
    if (first) return { tenant: first.tenant ?? TENANT_DEFAULT, device: first.device as string };
  }
  return undefined;
}

function namesOf({ subject, subjectAltName }: X509Certificate): { readonly source: NamePattern['source']; readonly value: string }[] {
  const common = subject.split('\n').filter((line) => line.startsWith('CN='));
  const names: { source: NamePattern['source']; value: string }[] = common.map((line) => ({ source: 'cn', value: line.slice(3) }));
  let end = 0;
  for (const [whole, kind = '', value = ''] of (subjectAltName ?? '').matchAll(SAN)) {
    end += whole.length;
    const source = SAN_KINDS[kind];
    if (source) names.push({ source, value: value.startsWith('"') ? String(JSON.parse(value)) : value });
  }
  // What cannot be read to its end says nothing.
  return end === (subjectAltName ?? '').length ? names : [];
}
