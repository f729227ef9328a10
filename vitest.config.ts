import { defineConfig } from 'vitest/config';

/** One project per test family, so that each has its own command and time limit. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: 'compat', include: ['tests/compat/**/*.test.ts'], testTimeout: 180_000, hookTimeout: 180_000 } },
      { test: { name: 'fault', include: ['tests/fault/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 120_000 } },
      { test: { name: 'e2e', include: ['tests/e2e/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000 } },
      { test: { name: 'console', include: ['tests/e2e/console/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000 } },
    ],
  },
});
