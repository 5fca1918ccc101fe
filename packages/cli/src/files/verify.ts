import type { Command } from 'commander';
import { ExitCode } from '../exit-code.js';
import { formatSize } from '@pyrgos/server/config';
import { printableMessage, printableName } from '../terminal.js';
import { CommandEnd } from './command-end.js';
import type { FilesContext } from './files-context.js';
import { addLinkOptions } from './open-given-link.js';
import { addSessionOptions } from './session-options.js';
import { TerminalProgress } from './terminal-progress.js';
import { withFiles } from './with-session.js';

/** How closely things are looked at. */
export interface VerifyOptions {
  /** Contents, too. */
  readonly content?: true;
}

/** `pyrgos verify` */
export function addVerifyCommand(program: Command): void {
  const command = program
    .command('verify')
    .description('look on the server whether anything is damaged or missing')
    .argument('[path]', 'in the account (default: the home directory)')
    .option('--content', 'contents, too: downloads everything');
  addSessionOptions(addLinkOptions(command)).action(async (path: string | undefined, options: VerifyOptions) =>
    withFiles(command, [path], async (context) => verify(context, path ?? '.', options)),
  );
}

/** Prints what is damaged or missing at a path and below it. CommandEnd with `damaged` when there is something. NotFoundError. */
export async function verify(context: FilesContext, path: string, { content = false }: { readonly content?: boolean }): Promise<void> {
  const { files, output, signal } = context;
  const target = context.remote(path);
  await files.stat(target, { signal });
  const progress = new TerminalProgress(output.isJson);
  let looked = { done: 0, items: 0 };
  let findings = 0;
  try {
    const found = files.verify(target, {
      content,
      signal,
      onProgress: ({ done, items = 0 }) => {
        looked = { done, items };
        progress.show(`${target} ${content ? formatSize(done) : `${done} looked at`}`, findings, undefined, 0);
      },
    });
    for await (const { chunk, error, part, path: place } of found) {
      progress.clear();
      findings++;
      const where = chunk === undefined ? part : `${part}, chunk ${chunk}`;
      output.result(`${printableName(place)}: ${where}: ${printableMessage(error.message)}`, {
        event: 'finding',
        path: place,
        part,
        chunk,
        code: error.code,
        message: error.message,
      });
    }
  } finally {
    progress.clear();
  }
  const { done, items } = looked;
  const count = Math.max(items, content ? 0 : done);
  const seen = `${count} files and directories looked at${content ? `, ${formatSize(done)} of content read` : ''}`;
  output.done(`${seen}, ${findings === 0 ? 'nothing is wrong' : `${findings} findings`}`, {
    event: 'summary',
    path: target,
    items: count,
    findings,
  });
  if (findings > 0) throw new CommandEnd(ExitCode.damaged);
}
