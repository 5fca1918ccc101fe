import { type Operator, openOperator } from '@pyrgos/server/operator';
import type { Command } from 'commander';
import { loadSettings } from './server-settings.js';

/**
 * Does something as the operator of the data directory that `command` names: through the running server, which alone has the data open, or in this process
 * when there is none.
 */
export async function withOperator<T>(command: Command, work: (operator: Operator) => Promise<T>): Promise<T> {
  const { config } = await loadSettings(command);
  const opened = await openOperator(config);
  try {
    return await work(opened.operator);
  } finally {
    await opened.close();
  }
}
