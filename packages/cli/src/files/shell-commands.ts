import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { chatShellCommands } from '../social/shell-chat.js';
import { socialShellCommands } from '../social/shell-social.js';
import { printableName, printLine } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { printFile } from './cat.js';
import { changePassword, currentPassword, newPasswordAsked } from './change-password.js';
import { usage } from './disk-usage.js';
import type { FilesContext } from './files-context.js';
import { find } from './find.js';
import { get } from './get.js';
import { list } from './list.js';
import { makeDirectory } from './make-directory.js';
import { copy, move } from './move.js';
import { put } from './put.js';
import { remove } from './remove.js';
import type { ShellCommand, ShellWorld } from './shell-command.js';
import { space } from './space.js';
import { printStat } from './stat.js';
import { verify } from './verify.js';

const given = <K extends string>(name: K, is: boolean): Partial<Record<K, true>> => (is ? ({ [name]: true } as Record<K, true>) : {});

/** The commands, by name, in the order of the help; `help` and `exit` belong to the shell itself. */
export const shellCommands: ReadonlyMap<string, ShellCommand> = new Map<string, ShellCommand>([
  [
    'ls',
    {
      usage: 'ls [-l] [-a] [path]',
      description: 'list a directory',
      counts: [0, 1],
      flags: ['-l', '--long', '-a', '--all'],
      completions: ['remote'],
      run: async ({ context }, [path = '.'], flags) =>
        list(context, path, {
          ...given('long', flags.has('-l') || flags.has('--long')),
          ...given('all', flags.has('-a') || flags.has('--all')),
        }),
    },
  ],
  [
    'lls',
    {
      usage: 'lls [local path]',
      description: 'list a folder of this machine',
      counts: [0, 1],
      flags: [],
      completions: ['local'],
      run: async ({ context }, [path = '.']) => listLocal(context, path),
    },
  ],
  [
    'get',
    {
      usage: 'get [--skip-existing] remote [local]',
      description: 'fetch a file or directory',
      counts: [1, 2],
      flags: ['--skip-existing'],
      completions: ['remote', 'local'],
      run: async ({ context }, [remote = '', local], flags) =>
        get(context, remote, local, { recursive: true, ...given('skipExisting', flags.has('--skip-existing')) }),
    },
  ],
  [
    'cat',
    {
      usage: 'cat remote',
      description: 'print a file as text',
      counts: [1, 1],
      flags: [],
      completions: ['remote'],
      run: async ({ context }, [path = '']) => printFile(context, path, true),
    },
  ],
  [
    'put',
    {
      usage: 'put [--skip-existing] local [remote]',
      description: 'store a file or folder of this machine',
      counts: [1, 2],
      // An upload that was cut off goes on in any case.
      flags: ['--skip-existing', '--resume-upload'],
      completions: ['local', 'remote-directory'],
      run: async ({ context }, [local = '', remote], flags) =>
        put(context, local === '-' ? './-' : local, remote, { recursive: true, ...given('skipExisting', flags.has('--skip-existing')) }),
    },
  ],
  [
    'mkdir',
    {
      usage: 'mkdir name',
      description: 'make a directory',
      counts: [1, 1],
      flags: [],
      completions: ['remote-directory'],
      run: async ({ context }, [path = '']) => {
        printLine();
        await makeDirectory(context, path, {});
      },
    },
  ],
  [
    'rm',
    {
      usage: 'rm path',
      description: 'delete a file or directory, for good',
      counts: [1, 1],
      flags: [],
      completions: ['remote'],
      run: removeAsked,
    },
  ],
  [
    'mv',
    {
      usage: 'mv [--replace] source target',
      description: 'move or rename',
      counts: [2, 2],
      flags: ['--replace'],
      completions: ['remote', 'remote'],
      run: async ({ context }, [from = '', to = ''], flags) => move(context, from, to, given('replace', flags.has('--replace'))),
    },
  ],
  [
    'cp',
    {
      usage: 'cp [--replace] source target',
      description: 'copy inside the account',
      counts: [2, 2],
      flags: ['--replace'],
      completions: ['remote', 'remote'],
      run: async ({ context }, [from = '', to = ''], flags) =>
        copy(context, from, to, { recursive: true, ...given('replace', flags.has('--replace')) }),
    },
  ],
  [
    'stat',
    {
      usage: 'stat path',
      description: 'say what is known of a file or directory',
      counts: [1, 1],
      flags: [],
      completions: ['remote'],
      run: async ({ context }, [path = '']) => printStat(context, path),
    },
  ],
  [
    'find',
    {
      usage: 'find [path [pattern]]',
      description: 'print the paths below a directory whose names fit a pattern',
      counts: [0, 2],
      flags: [],
      completions: ['remote-directory'],
      run: async ({ context }, [path = '.', name]) => find(context, path, name === undefined ? {} : { name }),
    },
  ],
  [
    'du',
    {
      usage: 'du [-s] [path]',
      description: 'say how large files are',
      counts: [0, 1],
      flags: ['-s'],
      completions: ['remote'],
      run: async ({ context }, [path = '.'], flags) => usage(context, path, given('summarize', flags.has('-s'))),
    },
  ],
  [
    'verify',
    {
      usage: 'verify [--content] [path]',
      description: 'look whether anything is damaged or missing',
      counts: [0, 1],
      flags: ['--content'],
      completions: ['remote'],
      run: async ({ context }, [path = '.'], flags) => verify(context, path, { content: flags.has('--content') }),
    },
  ],
  [
    'space',
    {
      usage: 'space',
      description: 'say how much the account stores',
      counts: [0, 0],
      flags: [],
      completions: [],
      run: async ({ context }) => space(context),
    },
  ],
  ['passwd', { usage: 'passwd', description: 'change the password', counts: [0, 0], flags: [], completions: [], run: changePasswordAsked }],
  [
    'cd',
    {
      usage: 'cd [remote dir]',
      description: 'change the directory in the account',
      counts: [0, 1],
      flags: [],
      completions: ['remote-directory'],
      run: async ({ context }, [path]) => changeDirectory(context, path),
    },
  ],
  [
    'lcd',
    {
      usage: 'lcd [local dir]',
      description: 'change the folder on this machine',
      counts: [0, 1],
      flags: [],
      completions: ['local-directory'],
      run: async ({ context }, [path]) => changeLocalFolder(context, path),
    },
  ],
  [
    'pwd',
    {
      usage: 'pwd',
      description: 'print the directory in the account',
      counts: [0, 0],
      flags: [],
      completions: [],
      run: async ({ context }) => printLine(`Remote working directory: ${printableName(context.remoteDirectory)}`),
    },
  ],
  [
    'lpwd',
    {
      usage: 'lpwd',
      description: 'print the folder on this machine',
      counts: [0, 0],
      flags: [],
      completions: [],
      run: async ({ context }) => printLine(`Local working directory: ${printableName(context.localFolder)}`),
    },
  ],
  ...socialShellCommands,
  ...chatShellCommands,
]);

async function listLocal(context: FilesContext, path: string): Promise<void> {
  const folder = context.local(path);
  const info = await stat(folder);
  const paths = info.isDirectory() ? (await readdir(folder)).map((name) => join(folder, name)) : [folder];
  for (const found of paths.sort()) printLine(printableName(found));
}

async function removeAsked({ ask, context }: ShellWorld, [path = '']: readonly string[]): Promise<void> {
  const { isDirectory, path: target } = await context.movable(path);
  if (isDirectory) {
    const answer = await ask(`Delete directory and all contents of ${printableName(target)} (Y/N) `);
    if (answer.trim().toLowerCase() !== 'y') {
      printLine('Aborting delete');
      return;
    }
  }
  await remove(context, target);
}

async function changePasswordAsked({ context, lend, options }: ShellWorld): Promise<void> {
  const [old, fresh] = await lend(async () => [await currentPassword(), await newPasswordAsked()] as const);
  try {
    await changePassword(context, options, old, fresh, lend);
  } catch (error) {
    process.stderr.write('Failed to update password\n');
    throw error;
  }
}

async function changeDirectory(context: FilesContext, path: string | undefined): Promise<void> {
  const target = path === undefined ? context.files.homePath : context.remote(path);
  const entry = await context.files.find(target, { signal: context.signal });
  if (entry?.isDirectory !== true) throw new UsageError(`Specified path '${printableName(target)}' is not a directory`);
  context.remoteDirectory = target;
  printLine(`Current directory : ${printableName(target)}`);
}

async function changeLocalFolder(context: FilesContext, path: string | undefined): Promise<void> {
  const target = path === undefined ? homedir() : context.local(path);
  const isFolder = await stat(target).then(
    (info) => info.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new UsageError(`Specified path '${printableName(target)}' is not a directory`);
  context.localFolder = target;
  printLine(`Current local directory : ${printableName(target)}`);
}
