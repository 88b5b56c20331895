import type { Device } from '../data/answer.js';
import { nowMs } from '../data/clock.js';
import type { Context } from '../data/context.js';
import { formatAge, formatMoment } from '../data/format.js';
import { type DeviceRoute, formatRoute } from '../data/route.js';
import type { WatchedDevice } from '../data/watched-device.js';
import { DeviceActions } from './device-actions.js';
import { Facts } from './facts.js';
import { Connected } from './fleet-row.js';

/** The heading of a device's page. */
export function DeviceHeading({ model, route }: { model: WatchedDevice; route: DeviceRoute }) {
  const device = model.device.value;
  const refusal = model.refusal.value;
  const state = refusal ? (refusal.code === 'device_unknown' ? 'not registered' : refusal.code) : device?.status;
  return (
    <div class="device-heading">
      <nav aria-label="Path">
        <a class="back" href={formatRoute({ page: 'fleet', tenant: route.tenant })}>
          Devices
        </a>
        <span class="slash" aria-hidden="true">
          /
        </span>
      </nav>
      {device && <Connected connected={device.connected} />}
      <h1 tabIndex={-1} class="id">
        {route.device}
      </h1>
      <span class="tag" data-status={device && !refusal ? device.status : 'unknown'}>
        {state}
      </span>
      <Seen ms={model.seenMs.value} />
      {device && (
        <a class="button" href={formatRoute({ page: 'debug', tenant: route.tenant, device: route.device })}>
          Debug
        </a>
      )}
    </div>
  );
}

function Seen({ ms }: { ms: number }) {
  return (
    <span class="seen" title={formatMoment(ms)}>
      {Number.isNaN(ms) ? '' : `last message ${formatAge(ms, nowMs.value)}`}
    </span>
  );
}

/** What the registry knows of a device. */
export function DeviceFacts({ context, device }: { context: Context; device: Device | undefined }) {
  return (
    <section class="panel" aria-label="Registry entry">
      <Facts facts={device ? factsOf(device) : []} />
      {device && <DeviceActions context={context} device={device} />}
    </section>
  );
}

function factsOf(device: Device): [string, string][] {
  const facts: [string, string][] = [
    ['Tenant', device.tenant],
    ['Gateway', device.via ?? 'none, connects itself'],
    ['Class', device.device_class ?? '–'],
    ...(device.time_zone === null ? [] : [['Time zone', device.time_zone] as [string, string]]),
    ['Registered', formatMoment(Date.parse(device.registered_at))],
  ];
  const metadata = JSON.stringify(device.metadata ?? {});
  if (metadata !== '{}') facts.push(['Metadata', metadata]);
  return facts;
}
