import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/**
 * One page, hashed assets, nothing inline: the server's policy forbids inline scripts and styles.
 * The targets are the first versions that know light-dark() and oklch(), so the tokens are shipped as written.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [react()],
  resolve: {
    // The console seals and opens by X25519 only; the library's other kinds weigh as much again.
    alias: { '@noble/post-quantum/hybrid.js': fileURLToPath(new URL('./src/api/no-post-quantum.ts', import.meta.url)) },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      // Our packages do nothing when they are loaded, so that what a page does not use of them stays away.
      treeshake: { moduleSideEffects: (id) => !/[/]packages[/](base|trust|policy|protocol)[/]src[/]/.test(id) },
      output: {
        // A few files beside the door's: many small ones compress badly and cost a request each.
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            {
              name: 'kit',
              test: /console\/src\/pages\/kit\/kit-maker|packages\/trust\/src\/(kit|ssh)\/|node_modules\/(shamir-secret-sharing|uqr)\/|@noble\/curves\/(nist|abstract\/weierstrass)/,
              priority: 3,
            },
            { name: 'words', test: /packages\/trust\/src\/words\/|node_modules\/@scure\/bip39\//, priority: 3 },
            {
              name: 'seal',
              test: /packages\/trust\/src\/|node_modules\/(@noble|@scure|age-encryption)\//,
              priority: 2,
            },
            {
              name: 'site',
              test: /console\/src\/pages\/(agents|alerts|audit|persons)\//,
              priority: 1,
            },
            { name: 'browse', test: /console\/src\/pages\/(restore|points)\//, priority: 1 },
            {
              name: 'pages',
              test: /console\/src\/(pages\/(plan|jobs|drills)\/|shell\/(palette|key-help|more-dialog|order-dialog)|ui\/(heat-map|drill-trend|phase-bar|swap|verbs|show-older|command-line))/,
            },
            { name: 'shared', minShareCount: 2 },
          ],
        },
      },
    },
  },
});
