import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importsOf, sourceFiles, textOf } from '../source-tree.js';

const folder = 'src/console/';
const layers = ['data', 'parts', 'pages'];
const files = sourceFiles();
const scripts = files.filter((file) => file.startsWith(folder) && /\.tsx?$/.test(file) && !file.endsWith('.config.ts'));

/** Data knows no elements, parts know no pages; main.tsx stands on top. */
function layerOf(file: string): number {
  const layer = layers.indexOf(file.slice(folder.length).split('/')[0] ?? '');
  return layer < 0 ? layers.length : layer;
}

test('imports of the console go from pages to parts to data, never up', () => {
  const known = new Set(files);
  const up = scripts.flatMap((file) =>
    importsOf(file, known)
      .filter(({ to }) => to.startsWith(folder) && !to.endsWith('.css') && layerOf(to) > layerOf(file))
      .map(({ to }) => `${file} -> ${to}`),
  );
  assert.deepEqual(up, []);
  assert.deepEqual(
    scripts.filter((file) => layerOf(file) === 0 && file.endsWith('.tsx')),
    [],
  );
});

test('nothing writes markup: what devices and people name reaches the page as text', () => {
  assert.ok(scripts.length > 20);
  assert.deepEqual(
    scripts.filter((file) => /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment/i.test(textOf(file))),
    [],
  );
});
