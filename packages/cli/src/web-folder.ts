import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of the web app that comes with this command: `web` in its package, as `npm run package` makes it, or what the checkout has built; undefined
 * where it was left out.
 */
export function webFolder(): string | undefined {
  return [fileURLToPath(new URL('../web', import.meta.url)), builtFolder()].find(
    (folder) => folder !== undefined && existsSync(join(folder, 'index.html')),
  );
}

function builtFolder(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('@pyrgos/web/package.json')), 'dist');
  } catch {
    return undefined;
  }
}
