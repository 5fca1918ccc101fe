import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { DataDirectoryLock, DirectoryInUseError, findLockHolder } from '../config/data-directory-lock.js';
import type { ServerConfig } from '../config/server-config.js';
import type { ContextOverrides, createContext as CreateContext, ServerContext } from '../context.js';
import { healthOfContext } from '../health-of-context.js';
import type { HealthChecks } from '../http/health.js';
import type { createLogger as CreateLogger } from '../logger.js';
import { publicUrl } from '../public-url.js';
import type { LocalOperator as LocalOperatorClass } from './local-operator.js';
import type { Operator } from './operator.js';
import { RemoteOperator } from './remote-operator.js';

/** What {@link openOperator} may be told. */
export interface OpenOperatorOptions {
  /** For work in this process. Default: errors go to the standard error output. */
  readonly logger?: Logger;
  readonly overrides?: ContextOverrides;
  /** The disk of the data directory cannot be written: work on a copy of the database, in a temporary folder. What is changed is lost. */
  readonly isReadOnly?: boolean;
}

/** An operator for the duration of a command. */
export interface OpenedOperator {
  readonly operator: Operator;
  /** Whether a running server does the work. */
  readonly isRemote: boolean;
  close(): Promise<void>;
}

/**
 * The operator of a data directory: that of the running server if there is one, else one that opens the data in this process for as long as the
 * command takes. Either way one process has the database open, whatever its SQLite binding can stand. PyrgosError.
 */
export async function openOperator(config: ServerConfig, options: OpenOperatorOptions = {}): Promise<OpenedOperator> {
  const { dataDirectory } = config;
  const holder = await findLockHolder(dataDirectory);
  if (holder?.purpose === 'server') return remote(new RemoteOperator(holder));
  // Loaded only when it is needed, because calls of a running server should be quick, and before the lock is taken.
  const server = await loadServer();
  // Nobody can have the data open for writing, so there is no lock, either; nor could one be taken.
  if (options.isReadOnly === true) return openCopy(server, config, options);
  let lock: DataDirectoryLock;
  try {
    lock = await DataDirectoryLock.acquire(dataDirectory, 'command');
  } catch (error) {
    // A server has started meanwhile.
    if (error instanceof DirectoryInUseError && error.holder.purpose === 'server') return remote(new RemoteOperator(error.holder));
    throw error;
  }
  try {
    return await openHere(server, config, options, async () => lock.release());
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function remote(operator: Operator): OpenedOperator {
  return { operator, isRemote: true, close: async () => undefined };
}

/** The parts of the server that work in this process. */
async function loadServer(): Promise<ServerModules> {
  const [{ createContext }, { LocalOperator }, { createLogger }] = await Promise.all([
    import('../context.js'),
    import('./local-operator.js'),
    import('../logger.js'),
  ]);
  return { createContext, LocalOperator, createLogger };
}

interface ServerModules {
  readonly createContext: typeof CreateContext;
  readonly LocalOperator: typeof LocalOperatorClass;
  readonly createLogger: typeof CreateLogger;
}

async function openCopy(server: ServerModules, config: ServerConfig, options: OpenOperatorOptions): Promise<OpenedOperator> {
  const scratch = await mkdtemp(join(tmpdir(), 'pyrgos-read-'));
  const remove = async (): Promise<void> => rm(scratch, { recursive: true, force: true });
  try {
    return await openHere(server, config, { ...options, scratch }, remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

/** That a copy of the database takes writes says nothing about the disk that does not. */
function ofCopy(context: ServerContext): HealthChecks {
  return { ...healthOfContext(context), databaseWritable: async () => false };
}

async function openHere(
  { createContext, LocalOperator, createLogger }: ServerModules,
  config: ServerConfig,
  { logger, overrides, scratch }: OpenOperatorOptions & { readonly scratch?: string },
  release: () => Promise<void>,
): Promise<OpenedOperator> {
  const context = await createContext({
    config,
    logger: logger ?? createLogger({ level: 'warn', alarm: process.stderr }).logger,
    ...(overrides === undefined ? {} : { overrides }),
    ...(scratch === undefined ? {} : { scratch }),
  });
  return {
    operator: new LocalOperator(context, () => publicUrl(config, config.port), scratch === undefined ? {} : { health: ofCopy(context) }),
    isRemote: false,
    close: async () => {
      await context.close();
      await release();
    },
  };
}
