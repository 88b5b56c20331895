import { element } from './element.js';
import { palette } from './theme.js';

const samplesMax = 300;

/** The last five minutes of a rate, one sample a second; NaN is a second nobody saw. */
export class Sparkline {
  readonly root = element('canvas', { class: 'sparkline', role: 'img', 'aria-label': 'messages per second over the last five minutes' });
  readonly #samples = new Float64Array(samplesMax).fill(Number.NaN);
  #next = 0;

  push(sample: number): void {
    this.#samples[this.#next % samplesMax] = sample;
    this.#next++;
    this.draw();
  }

  draw(): void {
    const width = this.root.clientWidth;
    const height = this.root.clientHeight;
    if (width === 0) return;
    const scale = devicePixelRatio;
    if (this.root.width !== Math.round(width * scale)) this.root.width = Math.round(width * scale);
    if (this.root.height !== Math.round(height * scale)) this.root.height = Math.round(height * scale);
    const ink = this.root.getContext('2d')!;
    ink.setTransform(scale, 0, 0, scale, 0, 0);
    ink.clearRect(0, 0, width, height);
    const { accent, accentSoft, grid } = palette();
    ink.fillStyle = grid;
    ink.fillRect(0, height - 1, width, 1);
    const line = this.#path(width, height - 2);
    ink.strokeStyle = accent;
    ink.lineWidth = 1.25;
    ink.stroke(line.stroke);
    ink.fillStyle = accentSoft;
    ink.fill(line.fill);
  }

  #path(width: number, height: number): { stroke: Path2D; fill: Path2D } {
    const stroke = new Path2D();
    const fill = new Path2D();
    // An idle fleet draws at the floor, not as noise blown up to full height.
    let top = 1;
    for (const sample of this.#samples) if (sample > top) top = sample;
    let startX = -1;
    let x = 0;
    for (let index = 0; index <= samplesMax; index++) {
      const sample = index < samplesMax ? this.#samples[(this.#next + index) % samplesMax]! : Number.NaN;
      if (Number.isNaN(sample)) {
        if (startX >= 0) {
          fill.lineTo(x, height + 1);
          fill.lineTo(startX, height + 1);
        }
        startX = -1;
        continue;
      }
      x = (index / (samplesMax - 1)) * width;
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
}
