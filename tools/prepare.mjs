// Makes a checkout ready to run: installs what package-lock.json asks for and builds what is stale. Plain JavaScript on Node's own
// modules, because it runs before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const state = join(root, '.pyrgos-build');
const MINIMUM_NODE = [20, 19];
const LOCK_PATIENCE_MS = 10 * 60_000;

class PreparationError extends Error {}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return;
  throw new PreparationError(
    `Pyrgos needs Node ${MINIMUM_NODE.join('.')} or newer; this is ${process.versions.node}. Install a current Node from https://nodejs.org and try again.`,
  );
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether node_modules holds what the lock file says, judged by npm's own record of what it installed. */
function isInstalled() {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  const present = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (wanted === undefined) throw new PreparationError('package-lock.json is missing or damaged; restore it with git.');
  if (present === undefined) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes('node_modules')) continue;
    const installed = present[path];
    // Prebuilt packages for other systems are listed but never installed here, and one that a user removed is done without.
    const optional = entry.optional === true || entry.devOptional === true || entry.peer === true;
    if (installed === undefined || !existsSync(join(root, path))) {
      if (optional) continue;
      return false;
    }
    if (installed.version !== entry.version) return false;
  }
  return true;
}

/**
 * Runs a command to its end and resolves to its exit code. Ctrl-C and SIGTERM reach the command, and this process ends only after it:
 * an npm that went on alone would fight with the next one over node_modules.
 */
async function run(command, args, options = {}) {
  // What npm and tsc print goes to stderr: stdout belongs to the command that the user asked for.
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (child.pid !== undefined) writeHolder(child.pid);
  const interruptions = [];
  const forward = (signal) => {
    interruptions.push(signal);
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  // npm runs us through a shell, which ends at SIGTERM without passing it on.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent || interruptions.length > 0) return;
    forward('SIGTERM');
  }, 500);
  try {
    const status = await new Promise((resolve, reject) => {
      child.once('error', (error) => reject(new PreparationError(`cannot run ${command}: ${error.message}`)));
      child.once('close', (code) => resolve(code ?? 1));
    });
    if (interruptions.length > 0) {
      throw new PreparationError(`stopped by ${interruptions.join(', ')}; run the same command again to go on.`);
    }
    return status;
  } finally {
    clearInterval(watch);
    for (const signal of signals) process.off(signal, forward);
  }
}

/** npm's cache, or one inside the checkout when the usual place cannot be written (a service account without a home). */
function cacheArguments() {
  // npm names its cache to the scripts that it runs, whether somebody chose it or not.
  const folder = process.env.npm_config_cache || process.env.NPM_CONFIG_CACHE || join(homedir(), '.npm');
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return [];
  } catch {
    return ['--cache', join(state, 'npm-cache')];
  }
}

async function install() {
  process.stderr.write('pyrgos: installing dependencies (once; needs the npm registry) …\n');
  // The compiler is a development dependency: NODE_ENV=production or a setting `omit` must not leave it out.
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  args.push(...cacheArguments());
  // npm is a .cmd file on Windows, which only a shell can start; the arguments are constants but for a path, which is quoted.
  const windows = process.platform === 'win32';
  const npm = () => run('npm', windows ? args.map((arg) => (arg.includes(' ') ? `"${arg}"` : arg)) : args, { shell: windows });
  // A second try repairs what an interrupted installation left half removed.
  if ((await npm()) === 0 || (await npm()) === 0) return;
  throw new PreparationError(
    'npm ci failed; its messages above say why. Usual reasons: no network, a full disk, a folder that cannot be written. Then run the same command again.',
  );
}

/** The folders that the compiler builds, from tsconfig.build.json. */
function projects() {
  const references = readJson(join(root, 'tsconfig.build.json'))?.references;
  if (!Array.isArray(references)) throw new PreparationError('tsconfig.build.json is missing or damaged; restore it with git.');
  return references.map((reference) => dirname(join(root, reference.path)));
}

/** Every input of the build: sources without tests, configuration. Maps path to size and time. */
function buildInputs() {
  const inputs = new Map();
  const add = (path) => {
    const info = statSync(path, { throwIfNoEntry: false });
    if (info !== undefined) inputs.set(relative(root, path), `${info.size} ${info.mtimeMs}`);
  };
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (/\.(ts|json)$/.test(entry.name) && !/\.(test|bench)\.ts$/.test(entry.name)) add(path);
    }
  };
  for (const folder of projects()) {
    if (existsSync(join(folder, 'src'))) walk(join(folder, 'src'));
    add(join(folder, 'tsconfig.build.json'));
    add(join(folder, 'package.json'));
  }
  walk(join(root, 'tsconfig'));
  add(join(root, 'tsconfig.build.json'));
  add(join(root, 'package-lock.json'));
  return inputs;
}

const web = join(root, 'packages', 'web');
const webStampFile = join(state, 'web.json');

/** Every input of the web app: its own files, and the sources of the packages that are bundled into it. */
function webInputs(inputs) {
  const bundled = new Map([...inputs].filter(([path]) => /^packages[\\/](core|client)[\\/]|^package-lock\.json$/.test(path)));
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (!/\.test\.tsx?$/.test(entry.name)) {
        const info = statSync(path);
        bundled.set(relative(root, path), `${info.size} ${info.mtimeMs}`);
      }
    }
  };
  for (const folder of ['src', 'build', 'public']) walk(join(web, folder));
  for (const file of ['index.html', 'vite.config.ts', 'package.json']) {
    const info = statSync(join(web, file));
    bundled.set(relative(root, join(web, file)), `${info.size} ${info.mtimeMs}`);
  }
  return bundled;
}

function isWebBuilt(inputs) {
  return readJson(webStampFile)?.fingerprint === fingerprint(webInputs(inputs)) && existsSync(join(web, 'dist', 'sw.js'));
}

async function buildWeb(inputs) {
  process.stderr.write('pyrgos: building the web app …\n');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const wanted = fingerprint(webInputs(inputs));
  rmSync(webStampFile, { force: true });
  // A page is one for production whatever NODE_ENV says: tests set it to `test`.
  const env = { ...process.env, NODE_ENV: 'production' };
  const status = await run(process.execPath, [vite, 'build', '--logLevel', 'error'], { cwd: web, env });
  if (status !== 0) throw new PreparationError('the build of the web app failed; the messages above say why.');
  const temporary = `${webStampFile}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify({ fingerprint: wanted }));
  renameSync(temporary, webStampFile);
}

function fingerprint(inputs) {
  const hash = createHash('sha256');
  for (const key of [...inputs.keys()].sort((a, b) => (a < b ? -1 : 1))) hash.update(`${key} ${inputs.get(key)}\n`);
  return hash.digest('hex');
}

const stampFile = join(state, 'build.json');

/** Every file that a build leaves, relative to the root. */
function buildOutputs() {
  const outputs = [];
  for (const folder of projects()) {
    const dist = join(folder, 'dist');
    if (!existsSync(dist)) continue;
    for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) outputs.push(relative(root, join(entry.parentPath ?? entry.path, entry.name)));
    }
  }
  return outputs;
}

function outputsAreThere(stamp) {
  return Array.isArray(stamp?.outputs) && stamp.outputs.length > 0 && stamp.outputs.every((file) => existsSync(join(root, file)));
}

function isBuilt(inputs) {
  const stamp = readJson(stampFile);
  return stamp?.fingerprint === fingerprint(inputs) && outputsAreThere(stamp);
}

async function build(inputs) {
  process.stderr.write('pyrgos: building …\n');
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(compiler)) throw new PreparationError('typescript is not installed; remove node_modules and run the same command again.');
  const previous = readJson(stampFile);
  // The compiler neither deletes the output of a source that is gone nor restores one that was deleted, so start afresh then.
  if (!outputsAreThere(previous) || previous.files?.some((file) => !inputs.has(file))) {
    for (const folder of projects()) rmSync(join(folder, 'dist'), { recursive: true, force: true });
  }
  const status = await run(process.execPath, [compiler, '-b', 'tsconfig.build.json']);
  if (status !== 0) throw new PreparationError('the build failed; the compiler messages above say where.');
  const temporary = `${stampFile}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify({ fingerprint: fingerprint(inputs), files: [...inputs.keys()], outputs: buildOutputs() }));
  renameSync(temporary, stampFile);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const lock = join(state, 'lock');
const holderFile = join(lock, 'holder.json');

/** Says who holds the lock: this process and the command that it runs, either of which may outlive the other. */
function writeHolder(child) {
  writeFileSync(holderFile, JSON.stringify({ pid: process.pid, child }));
}

/** Whether the lock is held by somebody who is alive; undefined while the holder has not said who it is. */
function lockIsHeld() {
  const holder = readJson(holderFile);
  if (!Number.isInteger(holder?.pid)) return undefined;
  return isAlive(holder.pid) || (Number.isInteger(holder.child) && isAlive(holder.child));
}

/** Runs `work` while no other process prepares the same checkout. */
async function exclusively(work) {
  mkdirSync(state, { recursive: true });
  const started = Date.now();
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const held = lockIsHeld();
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (held === false || (held === undefined && age > 5000)) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (Date.now() - started > LOCK_PATIENCE_MS) {
      throw new PreparationError(
        `another process (${readJson(holderFile)?.pid}) has been preparing this checkout for ten minutes; stop it or remove ${lock}.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    writeHolder(undefined);
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

const REASONS = new Map([
  ['EACCES', 'this checkout cannot be written by this user; it must be, once, to install and build'],
  ['EPERM', 'this checkout cannot be written by this user; it must be, once, to install and build'],
  ['EROFS', 'this checkout lies on a read-only file system; install and build it once where it can be written'],
  ['ENOSPC', 'the disk is full; free some space and run the same command again'],
]);

/**
 * Makes the checkout ready; does nothing, quickly, when all is well. Ends the process with a message when it cannot.
 */
export async function prepare() {
  try {
    checkNode();
    if (isInstalled()) {
      const inputs = buildInputs();
      if (isBuilt(inputs) && isWebBuilt(inputs)) return;
    }
    await exclusively(async () => {
      if (!isInstalled()) await install();
      const inputs = buildInputs();
      if (!isBuilt(inputs)) await build(inputs);
      if (!isWebBuilt(inputs)) await buildWeb(inputs);
    });
  } catch (error) {
    const reason = error instanceof PreparationError ? error.message : REASONS.get(error?.code);
    if (reason === undefined) throw error;
    process.stderr.write(`pyrgos: ${reason}\n`);
    process.exit(1);
  }
}
