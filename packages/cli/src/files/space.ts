import type { Command } from 'commander';
import { formatSize } from '@pyrgos/server/config';
import { parseSize } from '../parse-arguments.js';
import type { FilesContext } from './files-context.js';
import { addSessionOptions } from './session-options.js';
import { withSession } from './with-session.js';

/** `pyrgos space` */
export function addSpaceCommand(program: Command): void {
  const command = program
    .command('space')
    .description('say how much the account stores and may store, or ask for more')
    .option('--request <size>', 'ask whoever runs the server for so much in all: 500m, 1.5g');
  addSessionOptions(command).action(async ({ request }: { readonly request?: string }) =>
    withSession(command, async (context) => {
      if (request === undefined) await space(context);
      else await requestSpace(context, parseSize([request]));
    }),
  );
}

/** Prints how much the account stores and may store. */
export async function space({ output, session, signal }: FilesContext): Promise<void> {
  const [used, quota] = await Promise.all([session.space.usage({ signal }), session.space.quota({ signal })]);
  output.result(
    `Total space used: ${formatSize(used)}.\nYou may use ${formatSize(quota)}; ${formatSize(Math.max(0, quota - used))} are free.`,
    {
      used,
      quota,
      free: Math.max(0, quota - used),
    },
  );
}

async function requestSpace({ output, session, signal }: FilesContext, bytes: number): Promise<void> {
  const { freeQuota } = await session.space.request({ bytes }, { signal });
  output.done(`Asked for ${formatSize(bytes)}. Until whoever runs the server agrees you may use ${formatSize(freeQuota)}.`, {
    event: 'requested',
    bytes,
  });
}
