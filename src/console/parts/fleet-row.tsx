import type { FleetRow } from '../data/fleet-row.js';
import { formatMoment, formatValue } from '../data/format.js';
import { formatRoute } from '../data/route.js';
import { AgeText } from './age.js';

const metricsShown = 3;

/** One line of the fleet list. */
export function FleetLine({ row }: { row: FleetRow }) {
  const device = row.device.value;
  const seenMs = row.seenMs.value;
  const latest = row.latest.value;
  const rest = latest.length - metricsShown;
  return (
    <tr>
      <td class="device">
        <Connected connected={device.connected} />
        <a class="id" href={formatRoute({ page: 'device', tenant: device.tenant, device: device.device_id, metrics: [] })}>
          {device.device_id}
        </a>
        <span class="about">{[device.device_class, device.via && `via ${device.via}`].filter(Boolean).join(' · ')}</span>
      </td>
      <td class="status">
        <span class="tag" data-status={device.status}>
          {device.status}
        </span>
      </td>
      <td class="seen" title={formatMoment(seenMs)}>
        <AgeText ms={seenMs} />
      </td>
      <td class="latest">
        {latest.slice(0, metricsShown).map(([metric, { value }]) => (
          <span key={metric} class="metric">
            <span class="metric-name">{metric}</span>
            <span class="metric-value">{formatValue(value)}</span>
          </span>
        ))}
        <span class="more">{rest > 0 ? `+${rest}` : latest.length === 0 ? 'no data yet' : ''}</span>
      </td>
    </tr>
  );
}

export function Connected({ connected }: { connected: boolean }) {
  return (
    <span
      class="dot"
      role="img"
      data-connected={connected}
      aria-label={connected ? 'connected' : 'not connected'}
      title={connected ? 'Connected over MQTT' : 'No MQTT connection of its own'}
    />
  );
}
