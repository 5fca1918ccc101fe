import { formatSize } from '@pyrgos/server/config';
import type { ServerStatus } from '@pyrgos/server/operator';
import type { Command } from 'commander';
import { addDataOption } from '../server-settings.js';
import { formatTable, formatTime, printJson, printLine } from '../terminal.js';
import { withOperator } from '../with-operator.js';

/** `pyrgos status`: whether the server runs, and how it is. */
export function addStatusCommand(program: Command): void {
  const status = program
    .command('status')
    .description('say whether the server runs, where, and how it is: disk, accounts, requests')
    .option('--json', 'print one JSON object');
  addDataOption(status).action(async ({ json }: { readonly json?: true }) => {
    const found = await withOperator(status, async (operator) => operator.status(), { onlyReads: true });
    if (json === true) printJson({ ...found, process: found.process ?? null });
    else for (const row of formatTable(rowsOf(found))) printLine(row);
  });
}

function rowsOf({
  accounts,
  dataDirectory,
  disk,
  health,
  process: running,
  requests,
  stored,
  tokens,
  url,
  version,
}: ServerStatus): string[][] {
  const isElsewhere = running !== undefined && running.localUrl !== url;
  return [
    ['Server', running === undefined ? 'not running' : `running since ${formatTime(running.started)} UTC, process ${running.pid}`],
    ...(running === undefined ? [] : [['Address', url]]),
    ...(isElsewhere ? [['Here', running.localUrl]] : []),
    ['Version', version],
    ['Data', dataDirectory],
    ['Disk', `${formatSize(disk.free)} free of ${formatSize(disk.size)}`],
    ...problems(health).map((problem) => ['Problem', problem]),
    ['Accounts', `${accounts}, storing ${formatSize(stored)}`],
    ['Requests', `${requests} for space waiting`],
    ['Links', `${tokens} for sign-up unused`],
    ...(running === undefined ? [] : [['Garbage', collection(running.collection)]]),
  ];
}

/** Why the server is not ready, for people. */
function problems({ database, disk, pki }: ServerStatus['health']): string[] {
  return [
    ...(database ? [] : ['nothing can be written: check whether the disk is full, read-only or failing']),
    ...(disk ? [] : ['the disk is nearly full: uploads are refused until there is room']),
    ...(pki ? [] : ['keys of the user directory are missing or damaged: nobody can sign up (docs/self-hosting.md)']),
  ];
}

function collection(last: NonNullable<ServerStatus['process']>['collection']): string {
  if (last === undefined) return 'not collected since the start';
  const failed = last.failures === 0 ? '' : `; ${last.failures} accounts could not be collected, see the log`;
  return `collected ${formatTime(last.ended)} UTC, ${last.deletedBlocks} blocks, ${formatSize(last.deletedBytes)}${failed}`;
}
