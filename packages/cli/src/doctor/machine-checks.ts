import { loadCrypto, PyrgosError } from '@pyrgos/client';
import type { StatsFs } from 'node:fs';
import { lstat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { formatSize } from '@pyrgos/server/config';
import { version } from '../version.js';
import { type Check, fine, problem, warning } from './check.js';

/** The oldest Node that is supported. */
const MINIMUM_NODE = [20, 19] as const;
/** Below this the server refuses uploads (docs/self-hosting.md); below the second somebody should think of it. */
const MINIMUM_FREE = 256 * 2 ** 20;
const LOW_FREE = 2 * 2 ** 30;
/** Permissions of others that a private folder must not have. */
const OTHERS = 0o077;

/** The versions of this command and of Node, and which engine encrypts. */
export async function checkPrograms(node: string = process.versions.node): Promise<Check[]> {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const [wantedMajor, wantedMinor] = MINIMUM_NODE;
  const isNew = major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  const versions = `pyrgos ${version()}, Node ${node} on ${process.platform} ${process.arch}`;
  return [
    isNew ? fine('version', versions) : problem('version', versions, `install Node ${wantedMajor}.${wantedMinor} or newer`),
    await checkCrypto(),
  ];
}

async function checkCrypto(): Promise<Check> {
  try {
    const { backend } = await loadCrypto();
    if (backend !== 'portable') return fine('crypto', `the ${backend} engine works`);
    return warning(
      'crypto',
      'only the portable engine works: slower, and not in constant time',
      'pyrgos crypto says why the others do not',
    );
  } catch (error) {
    if (!(error instanceof PyrgosError)) throw error;
    return problem('crypto', error.message, 'pyrgos crypto says more');
  }
}

/** Whether a folder belongs to this user alone. */
export async function checkPermissions(name: string, folder: string): Promise<Check> {
  const user = process.geteuid?.();
  const info = await lstat(folder).catch(() => undefined);
  if (info === undefined) return fine(name, `${folder} is not there yet`);
  if (user === undefined) return fine(name, `${folder} is there`);
  if (info.uid !== user) {
    return problem(
      name,
      `${folder} belongs to user ${info.uid}, and this is user ${user}`,
      'run the command as that user, or give the folder to this one',
    );
  }
  if (!info.isSymbolicLink() && (info.mode & OTHERS) !== 0) {
    return warning(name, `${folder} can be used by other users of this machine`, `chmod -R go= ${folder}`);
  }
  return fine(name, `${folder} belongs to you alone`);
}

/** Whether the disk of a folder, which need not be there yet, has room. */
export async function checkDisk(folder: string): Promise<Check> {
  const found = await statfsAbove(folder);
  if (found === undefined) return warning('disk', 'how much room there is cannot be found out', 'look whether the disk is there');
  const free = found.bavail * found.bsize;
  const text = `${formatSize(free)} free of ${formatSize(found.blocks * found.bsize)}`;
  if (free < MINIMUM_FREE)
    return problem('disk', text, 'make room: uploads are refused until there is. pyrgos admin gc deletes what nobody needs');
  if (found.files > 0 && found.ffree < 32_768) return problem('disk', `${text}, but hardly any more files`, 'delete files: see df -i');
  return free < LOW_FREE ? warning('disk', text, 'make room before it is full') : fine('disk', text);
}

async function statfsAbove(folder: string): Promise<StatsFs | undefined> {
  for (let path = folder; ; path = dirname(path)) {
    const found = await statfs(path).catch(() => undefined);
    if (found !== undefined || dirname(path) === path) return found;
  }
}

/** Whether a server could listen here. `holder`: the process of the server that does already; `address`: where it says that it is. */
export async function checkPort(host: string, port: number, holder: number | undefined, address?: string): Promise<Check> {
  const place = `${host}:${port}`;
  if (holder !== undefined && address !== undefined && portOf(address) !== port) {
    return fine('port', `the server that runs here, process ${holder}, was started with another port than ${port}: it is at ${address}`);
  }
  const code = await listenCode(host, port);
  if (code === undefined) {
    return holder === undefined
      ? fine('port', `${place} is free`)
      : fine('port', `${place} is free; the server that runs, process ${holder}, was started with another port`);
  }
  if (code === 'EADDRINUSE') {
    if (holder !== undefined) return fine('port', `${place} is used by the server that runs here, process ${holder}`);
    return problem(
      'port',
      `another program uses ${place}`,
      `stop it, or choose another port: pyrgos daemon --port ${port === 65_535 ? port - 1 : port + 1}`,
    );
  }
  if (code === 'EACCES') return problem('port', `${place} is reserved`, 'choose a port from 1024 on, and put a proxy in front');
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return problem('port', `${host} is no address of this machine`, 'set listen-host to an address that it has, or leave it out');
  }
  return problem('port', `${place} cannot be used (${code})`, 'choose another port or listen-host');
}

/** The port of an address, also where it is the one that needs no mention. */
function portOf(address: string): number {
  const { port, protocol } = new URL(address);
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

async function listenCode(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  return new Promise((done) => {
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'unknown'));
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => done(undefined));
    });
  });
}
