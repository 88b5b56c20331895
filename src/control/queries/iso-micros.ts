/** An instant as ISO 8601 in UTC with six digits of fraction; `us`: microseconds since 1970, a double where one holds them all. */
export function isoMicros(us: bigint | number): string {
  const whole = BigInt(us);
  const micros = ((whole % 1000n) + 1000n) % 1000n;
  return `${new Date(Number((whole - micros) / 1000n)).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}
