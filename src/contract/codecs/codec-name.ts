const PREFIX = 'codec:';
const REFERENCE = /^codec:([a-z0-9][a-z0-9._-]{0,63})@([1-9]\d{0,8})$/;

/** How a schema names a codec as its format: `codec:meter@2`. */
export type CodecFormat = `codec:${string}`;

export interface CodecReference {
  readonly name: string;
  readonly version: number;
}

/** The codec that a format names; undefined: it names none. */
export function codecOf(format: string | undefined): CodecReference | undefined {
  const [, name, version] = REFERENCE.exec(format ?? '') ?? [];
  return name === undefined ? undefined : { name, version: Number(version) };
}

export function isCodecFormat(format: string): format is CodecFormat {
  return format.startsWith(PREFIX);
}

export function codecFormat({ name, version }: CodecReference): CodecFormat {
  return `codec:${name}@${version}`;
}

export function isCodecName(name: string): boolean {
  return codecOf(`codec:${name}@1`) !== undefined;
}
