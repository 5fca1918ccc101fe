import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

/** What the PDF engine fetches when a document needs it: character maps, fonts that documents may leave out, decoders of images, colour profiles. */
const FOLDERS = ['cmaps', 'standard_fonts', 'wasm', 'iccs'];

/** Puts the PDF engine's own files beside the page, below a name that is another one for every version of it. */
export function pdfResources(): Plugin {
  return {
    name: 'pyrgos-pdf-resources',
    apply: 'build',
    generateBundle() {
      const manifest = createRequire(import.meta.url).resolve('pdfjs-dist/package.json');
      const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string };
      for (const folder of FOLDERS) {
        for (const name of readdirSync(join(dirname(manifest), folder))) {
          this.emitFile({
            type: 'asset',
            fileName: `assets/on-demand/pdf-${version}/${folder}/${name}`,
            source: readFileSync(join(dirname(manifest), folder, name)),
          });
        }
      }
    },
  };
}
