// Nothing is inlined: the appliance serves the console under `default-src 'self'`, which refuses data: URLs and inline scripts.
export default {
  root: 'src/console',
  base: '/',
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
};
