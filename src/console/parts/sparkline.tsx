import { useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { RateHistory } from '../data/rate-history.js';
import { palette } from '../data/theme.js';

/** While less than this share of the line is unknown, it needs no words. */
const filledShare = 0.5;

/** The last five minutes of a rate as a small line. */
export function Sparkline({ history }: { history: RateHistory }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useSignalEffect(() => {
    history.version.value;
    palette.value;
    if (canvas.current) draw(canvas.current, history);
  });
  return <canvas ref={canvas} class="sparkline" role="img" aria-label="messages per second over the last five minutes" />;
}

function draw(canvas: HTMLCanvasElement, history: RateHistory): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width === 0) return;
  const scale = devicePixelRatio;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const ink = canvas.getContext('2d')!;
  ink.setTransform(scale, 0, 0, scale, 0, 0);
  ink.clearRect(0, 0, width, height);
  const { accent, accentSoft, grid, muted } = palette.peek();
  ink.fillStyle = grid;
  ink.fillRect(0, height - 1, width, 1);
  const samples = history.samples();
  const known = samples.findIndex((sample) => !Number.isNaN(sample));
  if (known < 0 || known > samples.length * filledShare) caption(ink, width, height, muted);
  const line = paths(samples, width, height - 2);
  ink.strokeStyle = accent;
  ink.lineWidth = 1.25;
  ink.stroke(line.stroke);
  ink.fillStyle = accentSoft;
  ink.fill(line.fill);
}

/** Says what the line will be where the past five minutes are still unknown. */
function caption(ink: CanvasRenderingContext2D, width: number, height: number, colour: string): void {
  const text = 'last 5 min';
  ink.font = '10px system-ui, sans-serif';
  if (ink.measureText(text).width > width * filledShare) return;
  ink.fillStyle = colour;
  ink.fillText(text, 0, height - 6);
}

function paths(samples: Float64Array, width: number, height: number): { stroke: Path2D; fill: Path2D } {
  const stroke = new Path2D();
  const fill = new Path2D();
  // An idle fleet draws at the floor, not as noise blown up to full height.
  let top = 1;
  for (const sample of samples) if (sample > top) top = sample;
  let startX = -1;
  let x = 0;
  for (let index = 0; index <= samples.length; index++) {
    const sample = samples[index] ?? Number.NaN;
    if (Number.isNaN(sample)) {
      if (startX >= 0) {
        fill.lineTo(x, height + 1);
        fill.lineTo(startX, height + 1);
      }
      startX = -1;
      continue;
    }
    x = (index / (samples.length - 1)) * width;
    const y = 1 + (height - 1) * (1 - sample / top);
    if (startX < 0) {
      startX = x;
      stroke.moveTo(x, y);
      fill.moveTo(x, y);
    }
    stroke.lineTo(x, y);
    fill.lineTo(x, y);
  }
  return { stroke, fill };
}
