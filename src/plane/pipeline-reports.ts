import type { CaptureListener } from '../contract/captures.js';
import type { CodecRuns } from '../contract/codecs/codec-plan.js';
import type { Point } from '../contract/data-plane.js';
import type { EdgeSignal } from '../contract/edge-signal.js';
import type { FromPipeline } from '../contract/threads/pipeline.js';
import type { UnitReport } from '../contract/unit-report.js';
import { readFirmware } from '../host/firmware-reports.js';
import { readUnits } from '../host/unit-reports.js';
import { readCaptures } from './captures.js';
import { isHeld, readPoints } from './points.js';

export type PipelineReport = Extract<FromPipeline, { kind: 'captured' | 'codec-runs' | 'edge-signals' | 'firmware' | 'live' | 'units' }>;

/** What pipelines report of messages that they ran, handed to whoever listens. */
export class PipelineReports {
  readonly #live: ((points: readonly Point[]) => void)[] = [];
  readonly #firmware: ((device: number, version: string) => void)[] = [];
  readonly #edges: ((signal: EdgeSignal) => void)[] = [];
  readonly #units: ((report: UnitReport) => void)[] = [];
  readonly #captures: CaptureListener[] = [];
  readonly #codecs: ((runs: readonly CodecRuns[]) => void)[] = [];

  onLive(listener: (points: readonly Point[]) => void): void {
    this.#live.push(listener);
  }

  onFirmware(listener: (device: number, version: string) => void): void {
    this.#firmware.push(listener);
  }

  onEdgeSignal(listener: (signal: EdgeSignal) => void): void {
    this.#edges.push(listener);
  }

  onUnit(listener: (report: UnitReport) => void): void {
    this.#units.push(listener);
  }

  onCaptured(listener: CaptureListener): void {
    this.#captures.push(listener);
  }

  onCodecRuns(listener: (runs: readonly CodecRuns[]) => void): void {
    this.#codecs.push(listener);
  }

  take(report: PipelineReport): void {
    switch (report.kind) {
      case 'firmware':
        for (const { device, version } of readFirmware(report.reports)) for (const listener of this.#firmware) listener(device, version);
        return;
      case 'edge-signals':
        for (const signal of report.signals) for (const listener of this.#edges) listener(signal);
        return;
      case 'units':
        for (const unit of readUnits(report.reports)) for (const listener of this.#units) listener(unit);
        return;
      case 'codec-runs':
        for (const listener of this.#codecs) listener(report.runs);
        return;
      case 'live': {
        const points = readPoints(report.points).points.filter(isHeld);
        for (const listener of this.#live) listener(points);
        return;
      }
      case 'captured': {
        const messages = readCaptures(report.entries);
        for (const listener of this.#captures) listener(messages, report.skipped);
      }
    }
  }
}
