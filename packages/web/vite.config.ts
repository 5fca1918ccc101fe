import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compiledMessages } from './build/compiled-messages.js';
import { emojiSets } from './build/emoji-sets.js';
import { assetFileName, chunkFileName, workerFileName } from './build/on-demand.js';
import { pdfResources } from './build/pdf-resources.js';
import { secretPage } from './build/secret-page.js';
import { serviceWorker } from './build/service-worker.js';

/** During development (`npm run dev -w packages/web`) the API of a home server appears under the page's own origin, as it does when the server serves the page. */
const target = process.env['PYRGOS_SERVER'] ?? 'http://localhost:8000';
const proxy = Object.fromEntries(['/api/v0', '/peergos/v0', '/public'].map((path) => [path, { target, changeOrigin: true }]));

export default defineConfig({
  plugins: [react(), compiledMessages(), emojiSets(), secretPage(), pdfResources(), serviceWorker()],
  resolve: { conditions: ['@pyrgos/source', 'browser', 'module', 'import', 'default'] },
  server: { proxy },
  preview: { proxy },
  worker: {
    format: 'es',
    plugins: () => [],
    rolldownOptions: {
      output: { entryFileNames: workerFileName },
    },
  },
  build: {
    target: 'es2022',
    // Source maps would make the folder that every server carries several times as large; the sources are public.
    sourcemap: false,
    // A page under a strict policy: nothing is inlined, neither images nor the preload helper's polyfill.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { output: { chunkFileNames: chunkFileName, assetFileNames: assetFileName } },
  },
});
