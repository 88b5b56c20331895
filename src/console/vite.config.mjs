import { noticeOf } from '../../deploy/notices.mjs';

/** Puts the licences of the packages inside the bundle beside it. */
const licences = {
  name: 'licences',
  generateBundle() {
    const folders = [...this.getModuleIds()].map((id) => /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1]);
    const notices = [...new Set(folders)].filter((folder) => folder !== undefined).sort();
    this.emitFile({ type: 'asset', fileName: 'licenses.txt', source: `${notices.map(noticeOf).join('\n\n')}\n` });
  },
};

// Nothing is inlined: the appliance serves the console under `default-src 'self'`, which refuses data: URLs and inline scripts.
export default {
  root: 'src/console',
  base: '/',
  plugins: [licences],
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
};
