import { findLockHolder, isServerThere, parseConfig, readConfigSources, type ServerConfig } from '@pyrgos/server/config';
import type { Command } from 'commander';
import { type Check, fine, warning } from '../doctor/check.js';
import { checkDisk, checkPermissions, checkPort, checkPrograms } from '../doctor/machine-checks.js';
import { checkServer, problemOf } from '../doctor/server-checks.js';
import { ExitCode } from '../exit-code.js';
import { CommandEnd } from '../files/command-end.js';
import { defaultSessionFile } from '../files/session-file.js';
import { serverUrl } from '../files/session-source.js';
import { addDataOption, settingsOf } from '../server-settings.js';
import { formatTable, printable, printJson, printLine } from '../terminal.js';

interface DoctorOptions {
  readonly json?: true;
  readonly server?: string;
}

/** `pyrgos doctor`: what may be wrong with this machine, with the server on it, and with the one that is used from it, and what to do about it. */
export function addDoctorCommand(program: Command): void {
  const doctor = program
    .command('doctor')
    .description('look for what is wrong with this machine and its server, and say what to do; changes nothing')
    .option('--server <url>', 'look at this server, too (default: PYRGOS_SERVER, or the one that runs here)')
    .option('--json', 'print one JSON object');
  addDataOption(doctor).action(async ({ json, server }: DoctorOptions) => {
    const checks = await examine(doctor, server);
    if (json === true) printJson({ checks });
    else for (const row of rowsOf(checks)) printLine(row);
    if (checks.some(({ state }) => state === 'problem')) throw new CommandEnd(ExitCode.failed);
  });
}

async function examine(command: Command, server: string | undefined): Promise<Check[]> {
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
  if (config !== undefined) checks.push(await checkPort(config.listenHost, config.port, runs?.pid));
  checks.push(await checkPermissions('session', defaultSessionFile()));
  const named = server ?? process.env['PYRGOS_SERVER'];
  const local = runs === undefined || config === undefined ? undefined : `http://localhost:${config.port}`;
  const address = named === undefined || named === '' ? local : serverUrl(named);
  if (address !== undefined) checks.push(...(await checkServer(address)));
  return checks;
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
