// `npm run package [-- FOLDER]`: the command as one file that npx runs, with the web app and the packages of this repository inside. What comes from the
// registry (crypto, SQLite, HTTP) is named in it, with exact versions.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { prepare, root } from './prepare.mjs';

/** The packages of this repository that run when the command runs. */
const INSIDE = ['core', 'client', 'server'];

const windows = process.platform === 'win32';

function npm(args, cwd) {
  const options = { cwd, encoding: 'utf8', maxBuffer: 67_108_864, shell: windows, stdio: ['ignore', 'pipe', 'inherit'] };
  return JSON.parse(execFileSync('npm', [...args, '--json', '--ignore-scripts', '--loglevel=error'], options));
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** Copies what npm would publish of a package: not tests, not what only a checkout needs. */
function copyPackage(name, target) {
  const source = join(root, 'packages', name);
  const [{ files }] = npm(['pack', '--dry-run'], source);
  for (const { path } of files) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    cpSync(join(source, path), join(target, path));
  }
}

/**
 * A package inside names no dependencies; the command's manifest names them for it. What a bundled package asks for counts as bundled for npm:
 * where all of it lies below the command, as in a global installation, npm would leave empty folders in its place and report success.
 */
function dropDependencies(folder) {
  const { dependencies: _, optionalDependencies: __, devDependencies: ___, ...rest } = manifestOf(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify(rest, null, 2));
}

function isOurs([name]) {
  return name.startsWith('@pyrgos/');
}

/** What the command needs, and what the packages inside it need: npm does not look into those. */
function manifestWithAll(command, inside) {
  const { devDependencies: _, ...rest } = command;
  const all = [command, ...inside];
  const ofRegistry = (kind) => all.flatMap((manifest) => Object.entries(manifest[kind] ?? {})).filter((entry) => !isOurs(entry));
  return {
    ...rest,
    files: [...command.files, 'web'],
    dependencies: Object.fromEntries([...inside.map(({ name, version }) => [name, version]), ...ofRegistry('dependencies')]),
    optionalDependencies: Object.fromEntries(ofRegistry('optionalDependencies')),
    bundleDependencies: inside.map(({ name }) => name),
  };
}

await prepare();
const destination = resolve(process.argv[2] ?? '.');
mkdirSync(destination, { recursive: true });
const stage = mkdtempSync(join(root, '.pyrgos-build', 'package-'));
try {
  copyPackage('cli', stage);
  for (const name of INSIDE) {
    const target = join(stage, 'node_modules', '@pyrgos', name);
    copyPackage(name, target);
    dropDependencies(target);
  }
  cpSync(join(root, 'packages', 'web', 'dist'), join(stage, 'web'), { recursive: true });
  const inside = INSIDE.map((name) => manifestOf(join(root, 'packages', name)));
  writeFileSync(join(stage, 'package.json'), JSON.stringify(manifestWithAll(manifestOf(join(root, 'packages', 'cli')), inside), null, 2));
  const [{ filename }] = npm(['pack', '--pack-destination', windows ? `"${destination}"` : destination], stage);
  process.stdout.write(`${join(destination, filename)}\n`);
} finally {
  rmSync(stage, { recursive: true, force: true });
}
