/** An object as ListObjectsV2 lists it. */
export interface StoredObject {
  readonly key: string;
  /** When it was laid there, ms of the Unix epoch. */
  readonly modifiedMs: number;
}

export interface Listing {
  readonly objects: readonly StoredObject[];
  /** Token of the next page; undefined: this was the last page. */
  readonly next: string | undefined;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads the answer to ListObjectsV2; undefined: it is none. The elements that are read hold text only, and XML lets no
 * other `<` stand in text, so that they can be told without a parser. An object without key or time is left out.
 */
export function parseListing(xml: string): Listing | undefined {
  if (!/<ListBucketResult[\s>]/.test(xml) || !xml.includes('</ListBucketResult>')) return undefined;
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].flatMap(([, inside = '']) => {
    const key = element(inside, 'Key');
    const modifiedMs = Date.parse(element(inside, 'LastModified') ?? '');
    return key === undefined || Number.isNaN(modifiedMs) ? [] : [{ key, modifiedMs }];
  });
  const isCut = element(xml, 'IsTruncated') === 'true';
  return { objects, next: isCut ? element(xml, 'NextContinuationToken') : undefined };
}

function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}
