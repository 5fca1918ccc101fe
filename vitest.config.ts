import { defineConfig } from 'vitest/config';

/** Sources are tested as they are written: workspace packages resolve to their TypeScript through the `source` condition. */
const conditions = ['source'];

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { conditions },
        ssr: { resolve: { conditions } },
        test: {
          name: 'node',
          environment: 'node',
          include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts', '**/node_modules/**', '**/dist/**'],
          testTimeout: 60_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
