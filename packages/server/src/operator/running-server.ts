import { findLockHolder } from '../config/data-directory-lock.js';
import type { ServerStatus } from './operator.js';
import { RemoteOperator } from './remote-operator.js';

/**
 * How the server is that runs with a data directory, in its own words; undefined when none runs. Changes nothing there. PyrgosError `network` when it ends meanwhile, AbortedError
 * after `signal` when it does not answer.
 */
export async function statusOfRunningServer(dataDirectory: string, signal: AbortSignal): Promise<ServerStatus | undefined> {
  const holder = await findLockHolder(dataDirectory);
  return holder?.purpose === 'server' ? new RemoteOperator(holder).status(signal) : undefined;
}
