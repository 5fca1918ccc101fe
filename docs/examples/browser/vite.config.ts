import { defineConfig } from 'vite';

/** The home server. Its API answers only pages that seem to come from it: here they do, through this proxy. */
const target = process.env['PYRGOS_SERVER'] ?? 'http://localhost:8000';
const proxy = {
  '/api/v0': { target, changeOrigin: true },
  '/peergos/v0': { target, changeOrigin: true },
};

export default defineConfig({
  server: { proxy },
  preview: { proxy },
  // The page waits for `connect` at its top level.
  build: { target: 'es2022' },
});
