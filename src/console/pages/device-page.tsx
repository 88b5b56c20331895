import '../style/device-page.css';
import type { Refusal } from '../data/answer.js';
import { addCommand, httpCommand, mqttCommand, tokenPlaceholder } from '../data/commands.js';
import type { Context } from '../data/context.js';
import type { DeviceRoute } from '../data/route.js';
import { WatchedDevice } from '../data/watched-device.js';
import { CommandLine } from '../parts/command-line.js';
import { DeviceCredentials } from '../parts/device-credentials.js';
import { DeviceFacts, DeviceHeading } from '../parts/device-facts.js';
import { DeviceLedger } from '../parts/device-ledger.js';
import { EmptyState } from '../parts/empty-state.js';
import { MetricChart } from '../parts/metric-chart.js';
import { MetricTable } from '../parts/metric-table.js';
import { NotStored } from '../parts/not-stored.js';
import { TextHistory } from '../parts/text-history.js';
import { TimeControls } from '../parts/time-controls.js';
import { useModel } from '../parts/use-model.js';

/** One device: what it is, its latest values, and charts that move with each reading. */
export function DevicePage({ context, route }: { context: Context; route: DeviceRoute }) {
  const model = useModel(() => new WatchedDevice(context, route));
  const hasData = model.metrics.rows.value.length > 0;
  return (
    <main id="content">
      <div class="page-head">
        <DeviceHeading model={model} route={route} />
        {hasData && <TimeControls model={model} />}
      </div>
      {hasData ? (
        <div class="device-body">
          <Charts model={model} route={route} />
          <MetricTable model={model} />
          <DeviceFacts context={context} device={model.device.value} />
          <DeviceLedger ledger={model.ledger.value} />
          {model.device.value && <DeviceCredentials context={context} device={model.device.value} />}
        </div>
      ) : (
        <Message context={context} model={model} route={route} />
      )}
    </main>
  );
}

function Charts({ model, route }: { model: WatchedDevice; route: DeviceRoute }) {
  const { panels } = model;
  return (
    <section class="charts" aria-label="Charts" data-count={panels.selected.value.length}>
      {panels.list.value.map((panel) => {
        const hide = () => model.pick(panel.metric, false);
        return panel.kind === 'text' ? (
          <TextHistory key={panel.metric} panel={panel} onHide={hide} />
        ) : (
          <MetricChart
            key={panel.metric}
            panel={panel}
            unit={model.metrics.unitOf(panel.metric)}
            syncKey={`${route.tenant}/${route.device}`}
            onHide={hide}
            onZoom={(fromMs, toMs) => model.freeze(fromMs, toMs)}
            onResume={() => model.resume()}
          />
        );
      })}
    </section>
  );
}

function Message({ context, model, route }: { context: Context; model: WatchedDevice; route: DeviceRoute }) {
  const refusal = model.refusal.value;
  if (refusal?.code === 'device_unknown') return <Unknown route={route} />;
  const missing = refusal ?? model.latestRefusal.value;
  if (missing) return <CannotShow refusal={missing} />;
  const ledger = model.ledger.value;
  if (!model.device.value) return null;
  return (
    <div class="device-message">
      {ledger && ledger.dead + ledger.rejected > 0 ? (
        <NotStored ledger={ledger} route={route} />
      ) : (
        <Waiting context={context} route={route} />
      )}
      <DeviceFacts context={context} device={model.device.value} />
      <DeviceCredentials context={context} device={model.device.value} />
    </div>
  );
}

function CannotShow({ refusal }: { refusal: Refusal }) {
  return (
    <EmptyState title="This device cannot be shown now">
      <p>{`Its values are not available: ${refusal.message}${refusal.wayOut ? `; ${refusal.wayOut}` : ''}. This page tries again by itself.`}</p>
    </EmptyState>
  );
}

function Waiting({ context, route: { tenant, device } }: { context: Context; route: DeviceRoute }) {
  return (
    <EmptyState title="Waiting for data">
      <p>Nothing has come from this device yet. The first reading shows up here within a moment of being published.</p>
      <CommandLine label="Publish over MQTT" command={mqttCommand(tenant, device, tokenPlaceholder, context.status.mqttPort.value)} />
      <CommandLine label="or over HTTP" command={httpCommand(tenant, device, tokenPlaceholder)} />
      <p class="hint">
        TOKEN is what registering the device printed. What Spillway refuses or cannot read is counted and kept: see Dead letters.
      </p>
    </EmptyState>
  );
}

function Unknown({ route: { tenant, device } }: { route: DeviceRoute }) {
  return (
    <EmptyState title="This device is not registered">
      <p>The registry of tenant {tenant} holds no device of this id. Add it, and this page comes to life by itself.</p>
      <CommandLine label="Add it" command={addCommand(tenant, device)} />
    </EmptyState>
  );
}
