// Makes a checkout ready to run: installs what package-lock.json asks for and builds what is stale. Plain JavaScript on Node's own
// modules, because it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
    if (installed === undefined) {
      // Prebuilt packages for other systems are listed but never installed here.
      if (entry.optional === true || entry.devOptional === true || entry.peer === true) continue;
      return false;
    }
    if (installed.version !== entry.version || !existsSync(join(root, path))) return false;
  }
  return true;
}

function run(command, args, options = {}) {
  // What npm and tsc print goes to stderr: stdout belongs to the command that the user asked for.
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (result.error) throw new PreparationError(`cannot run ${command}: ${result.error.message}`);
  return result.status ?? 1;
}

function install() {
  process.stderr.write('pyrgos: installing dependencies (once; needs the npm registry) …\n');
  // npm is a .cmd file on Windows, which only a shell can start; the arguments are constants.
  const windows = process.platform === 'win32';
  const status = run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { shell: windows });
  if (status !== 0) {
    throw new PreparationError('npm ci failed. Check the network connection and free disk space, then run the same command again.');
  }
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

function fingerprint(inputs) {
  const hash = createHash('sha256');
  for (const key of [...inputs.keys()].sort((a, b) => (a < b ? -1 : 1))) hash.update(`${key} ${inputs.get(key)}\n`);
  return hash.digest('hex');
}

const stampFile = join(state, 'build.json');

function isBuilt(inputs) {
  const stamp = readJson(stampFile);
  if (stamp?.fingerprint !== fingerprint(inputs)) return false;
  return existsSync(join(root, 'packages', 'cli', 'dist', 'main.js')) && existsSync(join(root, 'packages', 'core', 'dist', 'errors.js'));
}

function build(inputs) {
  process.stderr.write('pyrgos: building …\n');
  const previous = readJson(stampFile);
  // The compiler never deletes the output of a source that is gone, so start afresh when one is.
  if (previous === undefined || previous.files?.some((file) => !inputs.has(file))) {
    for (const folder of projects()) rmSync(join(folder, 'dist'), { recursive: true, force: true });
  }
  const status = run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', 'tsconfig.build.json']);
  if (status !== 0) throw new PreparationError('the build failed; the compiler messages above say where.');
  const temporary = `${stampFile}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify({ fingerprint: fingerprint(inputs), files: [...inputs.keys()] }));
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

/** Runs `work` while no other process prepares the same checkout. */
function exclusively(work) {
  mkdirSync(state, { recursive: true });
  const lock = join(state, 'lock');
  const started = Date.now();
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(readJson(join(lock, 'holder.json'))?.pid);
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (Number.isInteger(holder) ? !isAlive(holder) : age > 5000) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (Date.now() - started > LOCK_PATIENCE_MS) {
      throw new PreparationError(
        `another process (${holder}) has been preparing this checkout for ten minutes; stop it or remove ${lock}.`,
      );
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  try {
    writeFileSync(join(lock, 'holder.json'), JSON.stringify({ pid: process.pid }));
    return work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Installs and builds what is missing or stale; does nothing, quickly, when all is well. Ends the process with a message when it cannot. */
export function prepare() {
  try {
    checkNode();
    if (isInstalled() && isBuilt(buildInputs())) return;
    exclusively(() => {
      if (!isInstalled()) install();
      const inputs = buildInputs();
      if (!isBuilt(inputs)) build(inputs);
    });
  } catch (error) {
    if (!(error instanceof PreparationError)) throw error;
    process.stderr.write(`pyrgos: ${error.message}\n`);
    process.exit(1);
  }
}
