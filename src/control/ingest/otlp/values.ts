// A document of OTLP may hold anything where a client is wrong: what is not of the right kind is read as absent.

export type Json = Readonly<Record<string, unknown>>;

export function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function objectsOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Digits of a whole number, which JSON may have as a number or as a text; undefined: it is none. */
export function digitsOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? String(BigInt(value)) : undefined;
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? value : undefined;
}

/** A number of JSON; undefined: it is none, is no finite one, or is absent. Exporters write NaN and infinities as null. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Attributes by key, each as the text that a tag has; one without a value is left out. */
export function attributesOf(list: unknown): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const { key, value } of objectsOf(list)) {
    const plain = plainOf(objectOf(value));
    if (typeof key === 'string' && plain !== undefined) attributes.set(key, typeof plain === 'string' ? plain : JSON.stringify(plain));
  }
  return attributes;
}

function plainOf(value: Json): unknown {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = value;
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  if (intValue !== undefined) return digitsOf(intValue);
  if (doubleValue !== undefined) return numberOf(doubleValue);
  if (arrayValue !== undefined) return objectsOf(objectOf(arrayValue).values).map((one) => plainOf(one) ?? null);
  if (kvlistValue !== undefined) return Object.fromEntries(attributesOf(objectOf(kvlistValue).values));
  return typeof bytesValue === 'string' ? bytesValue : undefined;
}
