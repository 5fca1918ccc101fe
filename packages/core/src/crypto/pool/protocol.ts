import type { SerialisedError } from '../../errors.js';
import type { CryptoBackend, ScryptParameters } from '../provider.js';
import type { SectionInMemory } from './section.js';

/** Work for a worker. Arrays are copies or were given away; the worker owns them. */
export type Job =
  | { readonly kind: 'secretboxSeal' | 'secretboxOpen'; readonly data: Uint8Array; readonly nonce: Uint8Array; readonly key: Uint8Array }
  | { readonly kind: 'sealSection'; readonly section: SectionInMemory; readonly key: Uint8Array }
  | { readonly kind: 'sha256'; readonly data: Uint8Array }
  | { readonly kind: 'sha256Many'; readonly inputs: readonly Uint8Array[] }
  | {
      readonly kind: 'ed25519VerifyMany';
      readonly signatures: readonly Uint8Array[];
      readonly messages: readonly Uint8Array[];
      readonly publicKey: Uint8Array;
    }
  | { readonly kind: 'scrypt'; readonly password: Uint8Array; readonly salt: Uint8Array; readonly parameters: ScryptParameters };

/**
 * What a job gives: one array, or several for `sha256Many`; for `ed25519VerifyMany` one byte for each signature, 1 when it is right; for
 * `sealSection` its memory, the hashes of the blocks, and that of the data if it was wanted.
 */
export type JobResult = Uint8Array | readonly Uint8Array[];

/** Page to worker. */
export interface JobRequest {
  readonly id: number;
  /** The back end to load for the first job; later ones must name the same. */
  readonly backend: CryptoBackend | 'auto';
  readonly job: Job;
}

/** Worker to page. */
export type JobResponse =
  | { readonly kind: 'done'; readonly id: number; readonly result: JobResult }
  | { readonly kind: 'failed'; readonly id: number; readonly error: SerialisedError }
  | { readonly kind: 'progress'; readonly id: number; readonly fraction: number };

/** A running worker, whatever the platform calls it. */
export interface WorkerPort {
  readonly post: (request: JobRequest, transfer: readonly ArrayBuffer[]) => void;
  /** Stops it at once; its jobs are never answered. Resolves when it has stopped, as far as the platform tells. */
  readonly terminate: () => Promise<void>;
  /** Whether the worker should keep the process alive; browsers ignore it. */
  readonly hold: (alive: boolean) => void;
}

/** What a worker tells. `onFailure` is called at most once, when it has died. */
export interface WorkerEvents {
  readonly onResponse: (response: JobResponse) => void;
  readonly onFailure: (reason: string) => void;
}
