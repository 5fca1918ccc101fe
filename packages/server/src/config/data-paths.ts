import { join } from 'node:path';

/** The places inside a data directory. */
export const dataPaths = {
  database: (directory: string): string => join(directory, 'pyrgos.sqlite'),
  blocks: (directory: string): string => join(directory, 'blocks'),
  pki: (directory: string): string => join(directory, 'pki'),
  logs: (directory: string): string => join(directory, 'logs'),
  /** Where a restore is prepared; it holds a complete server when the process was killed while moving it into place. */
  stage: (directory: string): string => join(directory, 'restore.partial'),
  /** Says that the stage is complete. */
  restored: (directory: string): string => join(directory, 'restore.partial', 'complete'),
  /** Room that is given up when the disk is full. */
  reserve: (directory: string): string => join(directory, 'reserve'),
  waitList: (directory: string): string => join(directory, 'waiting-list.txt'),
} as const;

/** The files of a data directory that the operator writes, not the server. A backup holds them beside its own two (chapter 08 section 20). */
export const operatorFiles: readonly string[] = ['config', 'blacklist.txt'];
