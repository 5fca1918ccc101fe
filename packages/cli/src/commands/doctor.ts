import { findLockHolder, isServerThere, parseConfig, readConfigSources, type ServerConfig } from '@pyrgos/server/config';
import { PyrgosError } from '@pyrgos/core/errors';
import { statusOfRunningServer } from '@pyrgos/server/operator';
import type { Command } from 'commander';
import { type Check, fine, problem, warning } from '../doctor/check.js';
import { checkDisk, checkPermissions, checkPort, checkPrograms } from '../doctor/machine-checks.js';
import { checkSession } from '../doctor/session-check.js';
import { checkServer, problemOf } from '../doctor/server-checks.js';
import { ExitCode } from '../exit-code.js';
import { CommandEnd } from '../files/command-end.js';
import { serverUrl, sessionFileOf } from '../files/session-source.js';
import { addDataOption, settingsOf } from '../server-settings.js';
import { formatTable, printable, printJson, printLine } from '../terminal.js';

/** Milliseconds that a server here has to say where it is. */
const PATIENCE = 3000;

interface DoctorOptions {
  readonly json?: true;
  readonly sessionFile?: string;
  readonly server?: string;
}

/** `pyrgos doctor`: what may be wrong with this machine, with the server on it, and with the one that is used from it, and what to do about it. */
export function addDoctorCommand(program: Command): void {
  const doctor = program
    .command('doctor')
    .description('look for what is wrong with this machine and its server, and say what to do; changes nothing')
    .option('--server <url>', 'look at this server, too (default: PYRGOS_SERVER, or the one that runs here, and that of the kept session)')
    .option(
      '--session-file <file>',
      'where pyrgos login keeps the session (default: PYRGOS_SESSION_FILE, or in the state folder of the user)',
    )
    .option('--json', 'print one JSON object');
  addDataOption(doctor).action(async (options: DoctorOptions) => {
    const { json } = options;
    const checks = await examine(doctor, options);
    if (json === true) printJson({ checks });
    else for (const row of rowsOf(checks)) printLine(row);
    if (checks.some(({ state }) => state === 'problem')) throw new CommandEnd(ExitCode.failed);
  });
}

async function examine(command: Command, { server, ...session }: DoctorOptions): Promise<Check[]> {
  const settings = settingsOf(command);
  const { dataDirectory } = settings;
  const checks = await checkPrograms();
  let config: ServerConfig | undefined;
  try {
    const loaded = parseConfig(readConfigSources(settings));
    ({ config } = loaded);
    checks.push(...loaded.warnings.map((text) => warning('settings', text, 'pyrgos config explain shows what is set, and where')));
    if (loaded.warnings.length === 0) checks.push(fine('settings', `of ${dataDirectory} and the environment are in order`));
  } catch (error) {
    checks.push(problemOf('settings', error, 'correct them; pyrgos config explain checks again'));
  }
  checks.push(await checkPermissions('data', dataDirectory), await checkDisk(dataDirectory));
  const holder = await findLockHolder(dataDirectory).catch(() => undefined);
  const runs = holder?.purpose === 'server' ? holder : undefined;
  checks.push(await checkData(dataDirectory, runs?.pid));
  const local = runs === undefined ? undefined : await localAddress(dataDirectory);
  if (local === null) checks.push(problem('server', `process ${runs?.pid} does not answer`, 'look into its log, and start it again'));
  if (config !== undefined) checks.push(await checkPort(config.listenHost, config.port, runs?.pid, local ?? undefined));
  const kept = await checkSession(sessionFileOf(session));
  checks.push(kept.check);
  const named = server ?? process.env['PYRGOS_SERVER'];
  const used = named === undefined || named === '' ? [local, kept.server] : [named];
  const addresses = new Set(used.flatMap((address) => (typeof address === 'string' ? [serverUrl(address)] : [])));
  for (const address of addresses) checks.push(...(await checkServer(address)));
  return checks;
}

/** Where the server that runs with a data directory is: it may have been started with another port than the settings say. Null when it does not answer. */
async function localAddress(dataDirectory: string): Promise<string | undefined | null> {
  try {
    return (await statusOfRunningServer(dataDirectory, AbortSignal.timeout(PATIENCE)))?.process?.localUrl;
  } catch (error) {
    if (error instanceof PyrgosError) return null;
    throw error;
  }
}

async function checkData(directory: string, holder: number | undefined): Promise<Check> {
  try {
    if (!(await isServerThere(directory))) return fine('server data', `there is no server in ${directory}; pyrgos daemon makes one`);
    return fine(
      'server data',
      holder === undefined ? 'a server is there, and does not run: pyrgos daemon starts it' : `its server runs, process ${holder}`,
    );
  } catch (error) {
    return problemOf('server data', error, 'restore a backup into another directory: pyrgos admin restore');
  }
}

const SIGNS = { ok: 'ok', warning: 'LOOK', problem: 'WRONG' } as const;

function rowsOf(checks: readonly Check[]): string[] {
  const rows = formatTable(checks.map(({ name, state, text }) => [SIGNS[state], name, printable(text)]));
  const wrong = checks.filter(({ state }) => state !== 'ok').length;
  return [
    ...rows.flatMap((row, i) => {
      const advice = checks[i]?.advice;
      return advice === undefined ? [row] : [row, `       do: ${printable(advice)}`];
    }),
    wrong === 0 ? 'Everything is in order.' : `${wrong} ${wrong === 1 ? 'thing needs' : 'things need'} somebody.`,
  ];
}
