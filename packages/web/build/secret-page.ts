import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** Addresses below `/secret/` are answered with a page of that name (chapter 02 section 14.1); ours is the app, which finds out from its address what to show. */
export function secretPage(): Plugin {
  return {
    name: 'pyrgos-secret-page',
    apply: 'build',
    async writeBundle({ dir = 'dist' }) {
      await copyFile(join(dir, 'index.html'), join(dir, 'secret.html'));
    },
  };
}
