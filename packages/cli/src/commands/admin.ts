import { existsSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadCrypto } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import type { BackupSummary } from '@pyrgos/server/backup';
import type { BackupProgress, GrantReport } from '@pyrgos/server/operator';
import {
  DataDirectoryLock,
  formatSize,
  locateDataDirectory,
  operatorFiles,
  parseConfig,
  prepareDataDirectory,
  readConfigSources,
} from '@pyrgos/server/config';
import type { Command } from 'commander';
import { commandName } from '../command-name.js';
import { parseSize } from '../parse-arguments.js';
import { addDataOption, settingsOf } from '../server-settings.js';
import { ask, formatTable, formatTime, isInteractive, notify, printable, printJson, printLine, readInput } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { withOperator } from '../with-operator.js';

interface JsonOption {
  readonly json?: true;
}

/** `pyrgos admin`: what the person who runs a server does with it, whether it runs or not. */
export function addAdminCommand(program: Command): void {
  const admin = program.command('admin').description('run a server: backups, users, space, messages');
  addBackupCommands(admin);
  addGarbageCommand(admin);
  addUserCommands(admin);
  addRequestCommands(admin);
  addMessageCommands(admin);
}

/** Shows how far something is, on a terminal only, and not too often. */
function progressLine(verb: string): { readonly show: (progress: BackupProgress) => void; readonly end: () => void } {
  let last = 0;
  const clear = (): void => void process.stderr.write('\r\u001b[K');
  return {
    show: ({ blocks, bytes }) => {
      if (!process.stderr.isTTY || performance.now() - last < 200) return;
      last = performance.now();
      clear();
      process.stderr.write(`${verb} ${blocks} blocks, ${formatSize(bytes)}`);
    },
    end: () => {
      if (last > 0) clear();
    },
  };
}

/** Ctrl-C ends the work in order: what is unfinished is removed again. */
async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    controller.abort();
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

function addBackupCommands(admin: Command): void {
  const backup = admin
    .command('backup')
    .description('write everything that the server holds into a new folder, while it runs')
    .argument('<directory>', 'the folder to make')
    .option('--json', 'print one JSON object');
  addDataOption(backup).action(async (directory: string, { json }: JsonOption) => {
    const progress = progressLine('saved');
    const outside = filesOutside(backup);
    const summary = await untilInterrupted(async (signal) =>
      withOperator(backup, async (operator) => operator.backUp(resolve(directory), progress.show, signal), { onlyReads: true }),
    ).finally(progress.end);
    if (json === true) printJson(summary);
    else printLine(`${contents(summary)} are in ${summary.folder}`);
    for (const file of outside) notify(`${file} is not in the backup: copy it yourself`);
    for (const { username, missing, damaged } of summary.incomplete) {
      const name = printable(username);
      if (damaged > 0)
        notify(
          `${plural(damaged, 'block')} of ${name} ${damaged === 1 ? 'is' : 'are'} lost or damaged and not in the backup: check the disk`,
        );
      if (missing > 0)
        notify(
          `${plural(missing, 'block')} that ${name} links to ${missing === 1 ? 'was' : 'were'} never stored here; the rest is in the backup`,
        );
    }
    notify('whoever has this folder can act as your server: keep it as safe as the server itself');
    // Links to what was never stored are the doing of a client, which must not make every backup a failure.
    if (summary.incomplete.some(({ damaged }) => damaged > 0)) throw new PyrgosError('storage', 'the backup is incomplete');
  });

  const restore = admin
    .command('restore')
    .description('fill an empty data directory from a backup; the server must not run')
    .argument('<directory>', 'the folder with the backup')
    .option('--json', 'print one JSON object');
  addDataOption(restore).action(async (source: string, { data, json }: JsonOption & { readonly data?: string }) => {
    const directory = locateDataDirectory(data, process.env);
    const isNew = !existsSync(directory);
    for (const notice of await prepareDataDirectory(directory)) notify(notice);
    const { restoreBackup } = await import('@pyrgos/server/backup');
    const lock = await DataDirectoryLock.acquire(directory, 'command');
    const progress = progressLine('restored');
    try {
      const crypto = await loadCrypto();
      const clock = { now: () => Date.now() };
      const summary = await untilInterrupted(async (signal) =>
        restoreBackup({ source: resolve(source), directory, crypto, clock, onProgress: progress.show, signal }),
      ).finally(progress.end);
      if (json === true) printJson({ directory, ...summary });
      else printLine(`${contents(summary)} are in ${directory}`);
      for (const name of operatorFiles) {
        if (existsSync(join(source, name)) && !summary.files.includes(name)) {
          notify(`${join(directory, name)} was there already and stays; the one of the backup is ${join(source, name)}`);
        }
      }
      if (summary.recounted.length > 0) notify(`the usage of ${summary.recounted.join(', ')} was counted anew`);
      for (const name of summary.withoutLogin) notify(`${name} cannot log in: the backup holds no login data of this account`);
    } finally {
      await lock.release();
      if (isNew) await removeIfUnused(directory);
    }
  });
}

function addGarbageCommand(admin: Command): void {
  const gc = admin
    .command('gc')
    .description('collect garbage now: delete the blocks that nothing needs any more')
    .option('--json', 'print one JSON object');
  addDataOption(gc).action(async ({ json }: JsonOption) => {
    const summary = await untilInterrupted(async (signal) => withOperator(gc, async (operator) => operator.collectGarbage(signal)));
    const { blocks, bytes, failed, kept } = summary;
    if (json === true) printJson(summary);
    else printLine(blocks === 0 ? 'nothing to delete' : `deleted ${plural(blocks, 'block')}, ${formatSize(bytes)}`);
    if (kept > 0)
      notify(
        `${kept} more ${kept === 1 ? 'block stays' : 'blocks stay'} for now: an upload that was never finished keeps what it has, for a day at most`,
      );
    for (const name of failed) notify(`not everything of ${printable(name)} could be looked at; the log says why`);
    if (failed.length > 0) throw new PyrgosError('storage', 'garbage was not collected everywhere');
  });
}

/** Files that the settings name and that lie where a backup does not look. */
function filesOutside(command: Command): string[] {
  const { blacklistFile, dataDirectory } = parseConfig(readConfigSources(settingsOf(command))).config;
  const isInside = operatorFiles.some((name) => join(dataDirectory, name) === blacklistFile);
  return isInside || !existsSync(blacklistFile) ? [] : [blacklistFile];
}

/** What a backup holds, in the same words when it is written and when it is restored. */
function contents({ blocks, bytes, deletedNames, files, users }: Omit<BackupSummary, 'folder' | 'incomplete'>): string {
  const gone = deletedNames === 0 ? '' : `, ${plural(deletedNames, 'deleted name')}`;
  const parts = [`${plural(users, 'account')} (and the server's own${gone})`, plural(blocks, 'block'), formatSize(bytes), ...files];
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Removes a data directory in which nothing but the empty folder of the lock was left. */
async function removeIfUnused(directory: string): Promise<void> {
  try {
    if ((await readdir(directory)).some((name) => name !== 'lock')) return;
    await rm(join(directory, 'lock'), { recursive: true, force: true });
    await rmdir(directory);
  } catch {
    // It holds something, or is gone: then it stays as it is.
  }
}

function addUserCommands(admin: Command): void {
  const user = admin.command('user').description('the people with an account here');

  const list = user
    .command('list')
    .description('print names, what they store and what they may store')
    .option('--json', 'print one JSON object');
  addDataOption(list).action(async ({ json }: JsonOption) => {
    const users = await withOperator(list, async (operator) => operator.listUsers(), { onlyReads: true });
    if (json === true) {
      printJson({ users });
      return;
    }
    if (users.length === 0) notify(`nobody has an account yet; make a sign-up link with: ${commandName} token create`);
    const rows = users.map(({ name, quota, used }) => [
      name,
      used === undefined ? 'reserved' : formatSize(used),
      `of ${formatSize(quota)}`,
    ]);
    for (const row of formatTable(rows)) printLine(row);
  });

  const quota = user
    .command('quota')
    .description('set what a user may store, and settle its request for space')
    .argument('<name>', 'the user')
    .argument('<size...>', 'the new quota: 500m, 1.5g, 5GiB, 5GB')
    .option('--yes', 'even if that is more than the disk has room for, or less than the user stores');
  addDataOption(quota).action(async (name: string, size: string[], { yes = false }: YesOption) => {
    const bytes = parseSize(size);
    notifyGranted(name, await withOperator(quota, async (operator) => operator.setQuota(name, bytes, { isSure: yes })));
  });

  const remove = user
    .command('delete')
    .description('delete an account with everything in it, for good; its name can never be used again')
    .argument('<name>', 'the user')
    .option('--yes', 'do not ask');
  addDataOption(remove).action(async (name: string, { yes }: YesOption) => {
    if (yes !== true) await confirm(name);
    await withOperator(remove, async (operator) => operator.deleteUser(name));
    notify(
      `the account ${printable(name)} is deleted; its blocks go with the next garbage collection, and nobody can sign up under the name again`,
    );
  });
}

interface YesOption {
  readonly yes?: boolean;
}

async function confirm(name: string): Promise<void> {
  const what = `Everything that ${printable(name)} stores will be deleted for good, and the name can never be used again.`;
  if (!isInteractive()) throw new UsageError(`${what} Say --yes if that is meant.`);
  const answer = await ask(`${what} Type the name to confirm: `);
  if (answer.trim() !== name) throw new PyrgosError('aborted', 'nothing was deleted');
}

function notifyGranted(name: string, { bytes, requested }: GrantReport): void {
  const settled = requested === undefined || requested === bytes ? '' : `; the request for ${formatSize(requested)} is settled`;
  notify(`${printable(name)} may store ${formatSize(bytes)} now${settled}`);
}

function addRequestCommands(admin: Command): void {
  const requests = admin.command('requests').description('requests of users for more space: the last one of each');

  const list = requests
    .command('list', { isDefault: true })
    .description('print who waits for how much')
    .option('--json', 'print one JSON object');
  addDataOption(list).action(async ({ json }: JsonOption) => {
    const waiting = await withOperator(list, async (operator) => operator.listRequests(), { onlyReads: true });
    if (json === true) {
      printJson({ requests: waiting });
      return;
    }
    if (waiting.length === 0) notify('nobody has asked for space');
    const rows = waiting.map(({ bytes, claimedTime, quota, username }) => [
      formatTime(claimedTime),
      username,
      `asks for ${formatSize(bytes)}`,
      `has ${formatSize(quota)}`,
    ]);
    for (const row of formatTable(rows)) printLine(row);
  });

  const approve = requests
    .command('approve')
    .description('give a user what it asked for, or another size')
    .argument('<name>', 'the user')
    .argument('[size...]', 'what to give instead: 500m, 1.5g, 5GiB, 5GB')
    .option('--yes', 'even if that is more than the disk has room for, or less than the user stores');
  addDataOption(approve).action(async (name: string, size: string[], { yes = false }: YesOption) => {
    const bytes = size.length === 0 ? undefined : parseSize(size);
    notifyGranted(name, await withOperator(approve, async (operator) => operator.approveRequest(name, bytes, { isSure: yes })));
  });

  const reject = requests
    .command('reject')
    .description('refuse what a user asked for; it keeps what it has, and is not told')
    .argument('<name>', 'the user');
  addDataOption(reject).action(async (name: string) => {
    const bytes = await withOperator(reject, async (operator) => operator.rejectRequest(name));
    notify(
      `the request of ${printable(name)} for ${formatSize(bytes)} is refused; to tell why: ${commandName} admin message ${printable(name)} TEXT`,
    );
  });
}

function addMessageCommands(admin: Command): void {
  const message = admin
    .command('message')
    .description('send a message to a user')
    .argument('<user>', 'the user')
    .argument('<text>', 'what to say, or - to read it from the standard input');
  addDataOption(message).action(async (name: string, given: string) => {
    const text = given === '-' ? await readInput() : given;
    await withOperator(message, async (operator) => operator.sendMessage(name, text));
    notify('the message is in the mailbox of the user');
  });

  const messages = admin
    .command('messages')
    .description('print the conversation with a user')
    .argument('<user>', 'the user')
    .option('--json', 'print one JSON object');
  addDataOption(messages).action(async (name: string, { json }: JsonOption) => {
    const conversation = await withOperator(messages, async (operator) => operator.readMessages(name), { onlyReads: true });
    if (json === true) printJson({ messages: conversation });
    else
      for (const { body, from, sent } of conversation)
        printLine(`${formatTime(sent)}  ${from === 'user' ? printable(name) : 'you'}: ${printable(body)}`);
  });
}
