import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The folder of the web app that comes with this command; undefined where it was not built, or left out of the installation. */
export function webFolder(): string | undefined {
  try {
    const folder = join(dirname(createRequire(import.meta.url).resolve('@pyrgos/web/package.json')), 'dist');
    return existsSync(join(folder, 'index.html')) ? folder : undefined;
  } catch {
    return undefined;
  }
}
