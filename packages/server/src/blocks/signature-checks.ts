import { availableParallelism } from 'node:os';
import { equalBytes } from '@pyrgos/core/bytes';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { createCryptoPool, type CryptoPool } from '@pyrgos/core/crypto/pool';
import { CryptoError, DeniedError } from '@pyrgos/core/errors';
import { type PublicSigningKey, SIGNATURE_SIZE } from '@pyrgos/core/keys';
import { HASHED_BYTES_PER_STEP, SIGNATURE_WORKER_IDLE_MILLISECONDS, SIGNATURE_WORKERS, SIGNATURES_PER_STEP } from '../limits.js';
import { nextTurn } from './next-turn.js';

/** Bytes of a SHA-256 digest. */
const DIGEST_SIZE = 32;

/** What {@link SignatureChecks} needs. */
export interface SignatureChecksOptions {
  readonly crypto: CryptoProvider;
  /** Makes the workers. Default: threads, as long as there is more than one processor; undefined: everything is done on this thread. */
  readonly createPool?: (() => CryptoPool) | undefined;
}

function threads(): (() => CryptoPool) | undefined {
  const size = Math.min(SIGNATURE_WORKERS, availableParallelism() - 1);
  return size > 0 ? (): CryptoPool => createCryptoPool({ size }) : undefined;
}

/** What is left to do of the signatures of one upload. */
interface Work {
  readonly digests: readonly Uint8Array[];
  readonly signatures: readonly Uint8Array[];
  readonly key: Uint8Array;
  /** The first signature that nobody has taken. */
  next: number;
  isRefused: boolean;
}

/**
 * Checks the signatures of uploads, which is most of the work of storing small blocks: 0.1 ms each. Uploads of many are shared with
 * workers, each of whom takes the next few whenever it has time; this thread checks as well, and gives others a turn in between. The workers are started when the
 * first upload needs them and stopped when none has for a while.
 */
export class SignatureChecks {
  private readonly crypto: CryptoProvider;
  private createPool: (() => CryptoPool) | undefined;
  private pool: CryptoPool | undefined;
  private idle: NodeJS.Timeout | undefined;
  private users = 0;

  constructor(options: SignatureChecksOptions) {
    this.crypto = options.crypto;
    this.createPool = 'createPool' in options ? options.createPool : threads();
  }

  /**
   * Chapter 02 section 5.4 step 3: every signature is one of the writer over the SHA-256 of its block; returns the digests. DeniedError
   * `denied.block`.
   */
  async check(
    writerKey: PublicSigningKey,
    blocks: readonly Uint8Array[],
    signatures: readonly Uint8Array[],
  ): Promise<readonly Uint8Array[]> {
    const digests = await this.digestsOf(blocks, signatures);
    const work: Work = {
      digests,
      signatures: signatures.map((signature) => signature.subarray(0, SIGNATURE_SIZE)),
      key: writerKey.bytes,
      next: 0,
      isRefused: false,
    };
    const isShared = blocks.length > SIGNATURES_PER_STEP;
    await Promise.all([this.work(work), ...(isShared ? this.help(work) : [])]);
    if (work.isRefused) throw refusal();
    return digests;
  }

  /** Stops the workers. Uploads may still be checked, on this thread. */
  async close(): Promise<void> {
    this.createPool = undefined;
    clearTimeout(this.idle);
    const { pool } = this;
    this.pool = undefined;
    await pool?.close();
  }

  /** Hashing is quick, and tells most forgeries at once. */
  private async digestsOf(blocks: readonly Uint8Array[], signatures: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    const digests: Uint8Array[] = [];
    let hashed = 0;
    for (const [i, block] of blocks.entries()) {
      if (hashed >= HASHED_BYTES_PER_STEP) {
        hashed = 0;
        await nextTurn();
      }
      hashed += block.length;
      const signature = signatures[i];
      const digest = this.crypto.sha256(block);
      const isNamed = signature?.length === SIGNATURE_SIZE + DIGEST_SIZE && equalBytes(signature.subarray(SIGNATURE_SIZE), digest);
      if (!isNamed) throw refusal();
      digests.push(digest);
    }
    return digests;
  }

  private async work(work: Work): Promise<void> {
    for (let range = take(work); range !== undefined; range = take(work)) {
      this.checkHere(work, range);
      if (work.next < work.digests.length) await nextTurn();
    }
  }

  private checkHere(work: Work, [start, end]: Range): void {
    const { digests, key, signatures } = work;
    for (let i = start; i < end && !work.isRefused; i++) {
      const [signature, digest] = [signatures[i], digests[i]];
      const isValid = signature !== undefined && digest !== undefined && this.crypto.ed25519Verify(signature, digest, key);
      if (!isValid) work.isRefused = true;
    }
  }

  /** One promise for each worker. */
  private help(work: Work): Promise<void>[] {
    this.pool ??= this.createPool?.();
    const { pool } = this;
    if (pool === undefined) return [];
    clearTimeout(this.idle);
    this.users++;
    const helpers = Array.from({ length: pool.size }, async () => this.helper(pool, work));
    void Promise.allSettled(helpers).then(() => this.left(pool));
    return helpers;
  }

  private async helper(pool: CryptoPool, work: Work): Promise<void> {
    for (let range = take(work); range !== undefined; range = take(work)) {
      try {
        const results = await pool.ed25519VerifyMany(work.signatures.slice(...range), work.digests.slice(...range), work.key);
        if (results.length !== range[1] - range[0] || !results.every((isValid) => isValid)) work.isRefused = true;
      } catch (error) {
        if (!(error instanceof CryptoError)) throw error;
        // Workers that cannot be started, or died, are no reason to refuse anybody.
        this.checkHere(work, range);
        return;
      }
    }
  }

  private left(pool: CryptoPool): void {
    this.users--;
    if (this.users > 0 || this.pool !== pool) return;
    this.idle = setTimeout(() => {
      this.pool = undefined;
      void pool.close();
    }, SIGNATURE_WORKER_IDLE_MILLISECONDS);
    this.idle.unref();
  }
}

/** The next signatures that somebody checks: [start, end). */
type Range = readonly [start: number, end: number];

function take(work: Work): Range | undefined {
  const start = work.next;
  if (work.isRefused || start >= work.digests.length) return undefined;
  work.next = Math.min(start + SIGNATURES_PER_STEP, work.digests.length);
  return [start, work.next];
}

function refusal(): DeniedError {
  return new DeniedError('denied.block', 'Invalid signature for block!');
}
