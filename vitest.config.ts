import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** Sources are tested as they are written: workspace packages resolve to their TypeScript through the `@pyrgos/source` condition. */
const sourceCondition = '@pyrgos/source';
/** What every test file begins with. */
const setupFiles = ['./tools/secret-equality.ts', './tools/bytes-equality.ts'];
const notTests = ['**/node_modules/**', '**/dist/**'];

const node: TestProjectInlineConfiguration = {
  resolve: { conditions: [sourceCondition, 'node', 'module', 'import', 'default'] },
  ssr: { resolve: { conditions: [sourceCondition, 'node', 'module', 'import', 'default'] } },
  test: {
    name: 'node',
    environment: 'node',
    setupFiles,
    include: ['packages/*/src/**/*.test.ts', 'fuzz/**/*.test.ts', 'tools/**/*.test.ts', 'docs/**/*.test.ts', 'tests/**/*.test.ts'],
    exclude: [...notTests, '**/*.browser.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // Machines that have other things to do are slow, and not wrong.
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 2,
  },
};

/** The same tests of the isomorphic packages in a real browser. tools/test.mjs names the Chromium; a root user needs --no-sandbox. */
const executablePath = process.env['PYRGOS_CHROMIUM'];
const chromium: TestProjectInlineConfiguration = {
  resolve: { conditions: [sourceCondition, 'browser', 'module', 'import', 'default'] },
  test: {
    name: 'chromium',
    setupFiles,
    // After the Node tests, not beside them: two cores.
    sequence: { groupOrder: 1 },
    include: ['packages/{core,client}/src/**/*.test.ts'],
    exclude: [...notTests, '**/*.node.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          ...(executablePath === undefined || executablePath === '' ? {} : { executablePath }),
          args: [
            ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
            '--disable-background-networking',
            '--disable-component-update',
            '--no-first-run',
          ],
        },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
};

export default defineConfig({ test: { projects: [node, chromium] } });
