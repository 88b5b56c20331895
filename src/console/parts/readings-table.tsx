import { formatMoment } from '../data/format.js';

interface ShownReading {
  readonly metric: string;
  readonly value: number | string;
  readonly ts: string;
  /** Absent: nothing says in which unit the value is. */
  readonly unit?: string | undefined;
  /** Of a reading that is another device's than the message. */
  readonly device_id?: string | undefined;
}

/** The readings of one message. */
export function ReadingsTable({ caption, readings }: { caption: string; readings: readonly ShownReading[] }) {
  return (
    <table class="readings">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col">Value</th>
          <th scope="col">Time</th>
        </tr>
      </thead>
      <tbody>
        {readings.map(({ metric, value, unit, ts, device_id: device }, at) => (
          <tr key={at}>
            <td class="id">{device === undefined ? metric : `${device}: ${metric}`}</td>
            <td class="value">{unit === undefined ? String(value) : `${value} ${unit}`}</td>
            <td>{formatMoment(Date.parse(ts))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
