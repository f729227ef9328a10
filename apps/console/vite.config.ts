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
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // Three files beside the door's: many small ones compress badly and cost a request each.
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            {
              name: 'pages',
              test: /console\/src\/(pages\/(plan|restore|jobs|drills|points)\/|shell\/(palette|key-help|more-dialog|order-dialog)|ui\/(heat-map|drill-trend|phase-bar|swap|verbs|show-older|command-line))/,
            },
            { name: 'shared', minShareCount: 2 },
          ],
        },
      },
    },
  },
});
