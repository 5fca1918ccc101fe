import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../packages/web/src/i18n', import.meta.url));

/** The texts of a language, by their ids, as they are written: for tests that look for what people read. */
export function catalogue(language: string): ReadonlyMap<string, string> {
  const files = readdirSync(join(folder, language)).filter((name) => name.endsWith('.json'));
  return new Map(
    files.flatMap((file) => Object.entries(JSON.parse(readFileSync(join(folder, language, file), 'utf8')) as Record<string, string>)),
  );
}
