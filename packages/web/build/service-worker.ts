import { createHash } from 'node:crypto';
import { build, type Plugin } from 'vite';

/** See `ENGINE_SERVICE_WORKER` of the page. */
const ENGINE_SERVICE_WORKER = 'engine/sw.js';

/**
 * Builds the service worker beside the page: one classic script at the top, under a name that never changes, which every browser takes. It is told which files belong to
 * this version of the page, so that it can keep them: what the first screens need; what is loaded on demand is kept when it is used.
 */
export function serviceWorker(): Plugin {
  return {
    name: 'pyrgos-service-worker',
    apply: 'build',
    generateBundle() {
      this.emitFile({
        type: 'asset',
        fileName: ENGINE_SERVICE_WORKER,
        source: '// Has nothing to do. Its place keeps the page’s service worker from the engine.\n',
      });
    },
    async writeBundle({ dir }, bundle) {
      const names = Object.keys(bundle).filter(
        (name) => name !== 'index.html' && name !== ENGINE_SERVICE_WORKER && !name.startsWith('assets/on-demand/'),
      );
      const files = ['/', ...names.sort().map((name) => `/${name}`), '/icon.svg', '/manifest.json'];
      // The page itself has no name of its own for each version.
      const page = bundle['index.html'];
      const hash = createHash('sha256').update(files.join('\n'));
      if (page?.type === 'asset') hash.update(page.source);
      await build({
        configFile: false,
        publicDir: false,
        logLevel: 'warn',
        define: { PAGE_FILES: JSON.stringify(files), PAGE_CACHE: JSON.stringify(`pyrgos-page-${hash.digest('hex').slice(0, 16)}`) },
        build: {
          target: 'es2022',
          outDir: dir ?? 'dist',
          emptyOutDir: false,
          lib: { entry: 'src/sw/sw.ts', formats: ['iife'], name: 'sw', fileName: () => 'sw.js' },
        },
      });
    },
  };
}
