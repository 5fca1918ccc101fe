import { existsSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How this process was started, as far as it says how somebody calls the command again. */
export interface CommandStart {
  /** The root of the checkout that this runs from; undefined for an installed package. */
  readonly checkout: string | undefined;
  /** The script that Node runs, `argv[1]`. */
  readonly script: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** How the person at this machine calls the command again: words for a shell, without arguments. */
export function nameOfCommand({ checkout, cwd, environment, script }: CommandStart): string {
  const directly = `node ${quotedWord(resolve(cwd, script))}`;
  if (checkout !== undefined && resolve(cwd) === resolve(checkout)) return 'npx pyrgos';
  const folders = environment['PATH']?.split(delimiter) ?? [];
  if (checkout !== undefined) return basename(script) === 'pyrgos' && folders.includes(dirname(script)) ? 'pyrgos' : directly;
  // npx takes a package that is not installed from a folder of its own; nothing of that is on the path afterwards.
  if (/[\\/]_npx[\\/]/.test(script)) {
    const named = environment['npm_config_package'];
    return named === undefined || named === '' ? directly : `npx ${quotedWord(`--package=${named}`)} pyrgos`;
  }
  if (environment['npm_command'] === 'exec') return 'npx pyrgos';
  const file = process.platform === 'win32' ? 'pyrgos.cmd' : 'pyrgos';
  return folders.some((folder) => folder !== '' && existsSync(join(folder, file))) ? 'pyrgos' : directly;
}

/** One word as a shell takes it: quoted when it has to be. */
export function quotedWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (process.platform === 'win32') return `"${word}"`;
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** How the person at this machine calls the command: in a checkout nothing is on the path. */
export const commandName: string = nameOfCommand({
  checkout: existsSync(join(root, 'tools', 'prepare.mjs')) ? root : undefined,
  script: process.argv[1] ?? 'pyrgos',
  cwd: process.cwd(),
  environment: process.env,
});
