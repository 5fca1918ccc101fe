import { PyrgosError } from '@pyrgos/core/errors';
import { isServerThere } from '@pyrgos/server/config';
import { type Operator, openOperator } from '@pyrgos/server/operator';
import type { Command } from 'commander';
import { loadSettings, settingsOf } from './server-settings.js';

/** How {@link withOperator} works. */
export interface WithOperatorOptions {
  /** Whether the command may make a new server where there is none. Default: false, so that a mistyped directory stays as it is. */
  readonly mayCreate?: boolean;
  /** Whether the command only reads, so that it works although the disk of the data directory cannot be written. Default: false. */
  readonly onlyReads?: boolean;
}

/**
 * Does something as the operator of the data directory that `command` names: through the running server, which alone has the data open, or in this process
 * when there is none. PyrgosError `not-found.file` when no server has ever lived there.
 */
export async function withOperator<T>(
  command: Command,
  work: (operator: Operator) => Promise<T>,
  { mayCreate = false, onlyReads = false }: WithOperatorOptions = {},
): Promise<T> {
  if (!mayCreate) await requireServer(settingsOf(command).dataDirectory);
  const { config, isReadOnly } = await loadSettings(command, { onlyReads, serverWorks: true });
  const opened = await openOperator(config, { isReadOnly });
  try {
    return await work(opened.operator);
  } finally {
    await opened.close();
  }
}

async function requireServer(dataDirectory: string): Promise<void> {
  if (await isServerThere(dataDirectory)) return;
  throw new PyrgosError(
    'not-found.file',
    `There is no server in ${dataDirectory}. Name its data directory with --data or PYRGOS_PATH; pyrgos daemon makes a new one.`,
  );
}
