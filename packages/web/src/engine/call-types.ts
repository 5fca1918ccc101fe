import type { EngineFault } from './engine-fault.js';

/** How many of several items are done. */
export interface ItemsProgress {
  readonly done: number;
  readonly total: number;
}

/** Why something was not done with one of several items. */
export interface ItemProblem {
  readonly path: string;
  readonly fault: EngineFault;
}

/** See `PasswordPolicy.strengthOf` of the SDK. */
export interface PasswordJudgement {
  readonly level: 'refused' | 'fair' | 'good' | 'strong';
  readonly problem: string | undefined;
  readonly minLength: number;
}

/** One line of a directory. Texts are those of whoever wrote the file: text, never markup. */
export interface Row {
  /** The listed name; empty for an element that has none. */
  readonly name: string;
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'damaged';
  /** Bytes; 0 for a directory. */
  readonly size: number;
  readonly mimeType: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly created: number;
  readonly isHidden: boolean;
  readonly isWritable: boolean;
  /** Whether its content can be read; not so a directory of somebody else of which only something below is shared, which can be listed all the same. */
  readonly isReadable: boolean;
  /** Whether it cannot be renamed, moved or deleted: what lies in a directory that the account may not change, and the root of somebody's files. */
  readonly isFixed: boolean;
  /** For `ifVersion`. */
  readonly version: string;
  /** A small picture, if there is one: its type and bytes. */
  readonly thumbnail: { readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> } | undefined;
}
