import { BlockWrite, type OpLog, type PointerWrite } from '@pyrgos/core/accounts';
import { decodeCbor } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, PyrgosError } from '@pyrgos/core/errors';
import { inlineSigningKey, openSigned, type PublicKeyHash, type PublicSigningKey, SignedRequest } from '@pyrgos/core/keys';
import { assertController, MemoryBlocks, reachableBlocks, validatePointerUpdate, walkOwnedWriters, WriterData } from '@pyrgos/core/model';
import type { WriterPointer } from '@pyrgos/core/store';
import type { StoredBlock } from '../ports/local-blocks.js';

/** The path that a mirror BAT's signature names (chapter 05 section 12.2). */
const ADD_BAT_PATH = 'peergos/v0/bats/addBat';

/** A sign-up log that can be applied to an empty account without any surprise. */
export interface ValidSignUpLog {
  /** Distinct blocks in the order of the log. */
  readonly blocks: readonly StoredBlock[];
  /** Bytes of {@link blocks}. */
  readonly size: number;
  /**
   * The pointer updates in rounds: round n holds the n-th update of every writer that has so many, parents before children. The blocks
   * being there, each round can be applied as a whole.
   */
  readonly rounds: readonly (readonly WriterPointer[])[];
}

/** The log was refused. The text starts with the protocol's (chapter 05 section 12.7). */
function invalid(problem: string): DeniedError {
  return new DeniedError('denied.signup', `Invalid signup data! ${problem}`, { problem });
}

/** What one writer of the log does. */
class LogWriter {
  readonly pointers: Uint8Array[] = [];
  writerData: WriterData | undefined;

  constructor(
    readonly writer: PublicKeyHash,
    readonly key: PublicSigningKey,
  ) {}
}

/** Plays a log through in memory. */
class LogCheck {
  private readonly blocks: MemoryBlocks;
  private readonly stored: StoredBlock[] = [];
  private readonly writers = new Map<string, LogWriter>();

  constructor(
    private readonly crypto: CryptoProvider,
    private readonly identity: PublicKeyHash,
  ) {
    this.blocks = new MemoryBlocks(crypto);
  }

  async run(log: OpLog, username: string): Promise<ValidSignUpLog> {
    for (const operation of log.operations) {
      if (operation instanceof BlockWrite) this.addBlock(operation);
      else this.movePointer(operation);
    }
    const writers = await this.ownedWriters();
    await this.requireAllBlocks(writers);
    this.checkLogin(log, username);
    this.checkMirrorBat(log);
    return {
      blocks: this.stored,
      size: this.stored.reduce((sum, { bytes }) => sum + bytes.length, 0),
      rounds: roundsOf(writers),
    };
  }

  private writerOf(hash: PublicKeyHash): LogWriter {
    const known = this.writers.get(hash.key);
    if (known !== undefined) return known;
    // Keys of new accounts are always in their hashes (chapter 03 section 1.1).
    const key = inlineSigningKey(hash);
    if (key === undefined) throw invalid('A writer is no inline key.');
    const writer = new LogWriter(hash, key);
    this.writers.set(hash.key, writer);
    return writer;
  }

  private addBlock(operation: BlockWrite): void {
    const { block: bytes, isRaw } = operation;
    if (!operation.isSignedBy(this.crypto, this.writerOf(operation.writer).key)) throw invalid('A block has no valid signature.');
    // Anything that is not canonical could not be stored.
    if (!isRaw) decodeCbor(bytes, { legacyTextLinks: true });
    const isKnown = this.blocks.has(operation.cid(this.crypto));
    const cid = isRaw ? this.blocks.putRaw(bytes) : this.blocks.putCbor(bytes);
    if (!isKnown) this.stored.push({ cid, bytes });
  }

  private movePointer(operation: PointerWrite): void {
    const writer = this.writerOf(operation.writer);
    const { updated } = validatePointerUpdate(this.crypto, writer.key, writer.pointers.at(-1), operation.signed);
    if (updated === undefined) throw invalid('A new account cannot delete anything.');
    const block = this.blocks.find(updated);
    if (block === undefined) throw invalid('A pointer comes before its block.');
    const writerData = WriterData.decode(block);
    assertController(writerData, operation.writer);
    writer.writerData = writerData;
    writer.pointers.push(operation.signed);
  }

  /** All writers of the log, parents before children. Each of them must belong to the identity, and have a pointer. */
  private async ownedWriters(): Promise<readonly LogWriter[]> {
    const lookup = { hasher: this.crypto, blocks: this.blocks, context: { owner: this.identity } };
    const owned: LogWriter[] = [];
    const walk = walkOwnedWriters(this.crypto, this.identity, {
      readWriterData: async (writer) => this.writers.get(writer.key)?.writerData,
      lookup,
      // One more, so that a key without data is told as such.
      maxWriters: this.writers.size + 1,
    });
    for await (const { writer: hash } of walk) {
      const writer = this.writers.get(hash.key);
      if (writer?.writerData === undefined) throw invalid('An owned key has no data.');
      owned.push(writer);
    }
    if (owned.length !== this.writers.size) throw invalid('A writer does not belong to the account.');
    return owned;
  }

  /** Whatever the account refers to must be in the log: there is nothing else of it. */
  private async requireAllBlocks(writers: readonly LogWriter[]): Promise<void> {
    const roots = writers.flatMap(({ writerData }) => (writerData === undefined ? [] : [writerData.cid(this.crypto)]));
    for await (const cid of reachableBlocks(roots, this.blocks, { owner: this.identity })) {
      if (!this.blocks.has(cid)) throw invalid('A block is missing.');
    }
  }

  private checkLogin({ login }: OpLog, username: string): void {
    if (login === undefined) {
      // `legacy: read only`: such accounts keep their login data in the identity's WriterData.
      if (this.writers.get(this.identity.key)?.writerData?.static === undefined) throw invalid('The login data is missing.');
      return;
    }
    const { data, auth } = login;
    if (data.username !== username || data.identityUpdate !== undefined) throw new DeniedError('denied.signup', 'Invalid signup data!');
    if (!data.isSignedBy(this.crypto, this.writerOf(this.identity).key, auth)) throw invalid('The login data has no valid signature.');
  }

  private checkMirrorBat({ mirrorBat }: OpLog): void {
    if (mirrorBat === undefined) return;
    const { bat, auth } = mirrorBat;
    // No time window: a log may be old (chapter 05 section 12.7).
    const request = SignedRequest.decode(openSigned(this.crypto, this.writerOf(this.identity).key, auth));
    if (request.path !== ADD_BAT_PATH) throw invalid('The mirror BAT has no valid signature.');
    if (!bat.hasOwnId(this.crypto)) throw invalid('Invalid BAT id for BAT.');
  }
}

function roundsOf(writers: readonly LogWriter[]): readonly (readonly WriterPointer[])[] {
  const count = Math.max(...writers.map(({ pointers }) => pointers.length));
  return Array.from({ length: count }, (_, round) =>
    writers.flatMap(({ writer, pointers }) => {
      const signed = pointers[round];
      return signed === undefined ? [] : [{ writer, signed }];
    }),
  );
}

/**
 * Checks a sign-up log completely, as if it was applied to an empty account (chapter 05 section 12.7), before the name is claimed: signatures
 * of blocks by their own writers, of pointers, login data and mirror BAT; compare-and-swap and sequence of each pointer; that every writer belongs
 * to `identity`; that nothing is missing. So what was accepted can be applied, and a bad log never burns a name. DeniedError `denied.signup` whose
 * text starts `Invalid signup data!`. Stricter than the reference, which verifies the pointers only.
 */
export async function validateSignUpLog(
  crypto: CryptoProvider,
  username: string,
  identity: PublicKeyHash,
  log: OpLog,
): Promise<ValidSignUpLog> {
  try {
    return await new LogCheck(crypto, identity).run(log, username);
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code === 'denied.signup') throw error;
    throw new DeniedError('denied.signup', `Invalid signup data! ${error.message}`, { ...error.data, problem: error.code });
  }
}
