/** What the data plane asks of the time zones in use, where a partition meets the number of one. */
export interface TimeZoneSource {
  /** Its name; undefined: none has this number. Rejects while the database, which alone may know it, is away. */
  find(number: number): Promise<string | undefined>;
}

/** Whether it is the name of a time zone of the IANA database, as `Europe/Berlin`. Offsets, as `+01:00`, are none: they know no summer time. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    formatterOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Says by how many seconds clocks of the zone are ahead of UTC at a second since 1970. Throws RangeError where no zone has this name. */
export function offsetReader(name: string): (second: number) => number {
  const formatter = formatterOf(name);
  return (second) => {
    const written = formatter.formatToParts(second * 1000).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(written) ?? [];
    const ahead = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    return sign === '-' ? -ahead : ahead;
  };
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
}
