import type { UserSession } from '@pyrgos/client';
import type { Measurement } from './measure.js';

/** What a process of a client is to do. It travels as JSON. */
export interface ClientJob {
  readonly name: ClientJobName;
  readonly url: string;
  /** Opens the account without deriving keys from its password, which would take as much memory as all the rest. */
  readonly sealed: string;
  readonly deviceKey: string;
  /** Number of files, where it matters. */
  readonly count: number;
}

/** The jobs; see client-process.ts for what each does. */
export type ClientJobName =
  | 'sign-up'
  | 'account'
  | 'feed'
  | 'social'
  | 'chat'
  | 'directories'
  | 'upload-small'
  | 'list'
  | 'upload-large'
  | 'download-large'
  | 'seek';

/** What a process of a client answers. */
export interface ClientReport {
  readonly measurements: readonly Measurement[];
  /** Peak RSS in MiB, of the whole life of the process. */
  readonly peak: number;
  /** Milliseconds of CPU, user and system, that the job took on all threads. */
  readonly cpu: number;
}

/** A session of the account, as a device has it that stays logged in. */
export interface ClientAccount {
  readonly sealed: string;
  readonly deviceKey: string;
}

/** A job that runs in a session. */
export type SessionJob = (session: UserSession, count: number) => Promise<readonly Measurement[]>;
