import { addMonths, BlockWrite, encodeChain, LoginData, OpLog, PointerWrite, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { CidCodec, type CborValue } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { NotFoundError } from '@pyrgos/core/errors';
import { BoxingKeyPair, ScryptSecretGeneration, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { type AbsoluteCapability, EntryPoint, EntryPoints, WriterData } from '@pyrgos/core/model';
import type { BlockStore, PointerStore } from '@pyrgos/core/store';
import { createChildWriter, writerDataOf } from '../src/commit/index.js';
import { createRoot } from '../src/files/structure/index.js';
import { OperationView, Sessions } from '../src/files/view/index.js';
import type { Network } from '../src/network/index.js';
import { deriveLoginKeys } from '../src/session/login-keys.js';
import { withProofOfWork } from '../src/session/proof-of-work.js';

/** An account as clients do not make it any more. */
export interface OldAccount {
  readonly username: string;
  readonly password: string;
  /** `legacy`: keys from the password, login data in the WriterData. `modern`: only the boxing key is old. */
  readonly layout: 'legacy' | 'modern';
  readonly logN?: number;
  readonly extraSalt?: string;
}

/** Everything that goes into a log, in order. */
class Log {
  readonly operations: (BlockWrite | PointerWrite)[] = [];

  readonly blocks: BlockStore = {
    getBlock: async (cid) => {
      const found = this.operations.find((item) => item instanceof BlockWrite && item.cid(this.crypto).equals(cid));
      if (found instanceof BlockWrite) return found.block;
      throw new NotFoundError('not-found.block', 'not in the log');
    },
    startTransaction: async () => 'log',
    closeTransaction: async () => undefined,
    putBlocks: async (_owner, writer, blocks) => {
      this.operations.push(
        ...blocks.map(({ cid, bytes, signature }) => BlockWrite.of(writer, signature, bytes, cid.codec === CidCodec.raw)),
      );
    },
  };

  readonly pointers: PointerStore = {
    getPointer: async (_owner, writer) => {
      const found = this.operations.findLast((item) => item instanceof PointerWrite && item.writer.equals(writer));
      return found instanceof PointerWrite ? found.signed : undefined;
    },
    setPointer: async (_owner, writer, signed) => this.operations.push(PointerWrite.of(writer, signed)) > 0,
    setPointers: async (_owner, updates) => {
      for (const { writer, signed } of updates) this.operations.push(PointerWrite.of(writer, signed));
      return true;
    },
  };

  constructor(private readonly crypto: CryptoProvider) {}
}

/** WriterData with the field that is not written any more. */
export function withStatic(writerData: WriterData, entryPoints: CborValue): WriterData {
  return WriterData.fromCbor(new Map([...(writerData.toCbor() as ReadonlyMap<string, CborValue>), ['static', entryPoints]]));
}

/** Signs an old account up, without a mirror BAT; returns its identity. */
export async function signUpOldAccount(crypto: CryptoProvider, network: Network, account: OldAccount): Promise<Signer> {
  const { username, password, layout, logN = 17, extraSalt = '' } = account;
  const algorithm = ScryptSecretGeneration.of({ logN, length: layout === 'legacy' ? 96 : 64, extraSalt });
  const keys = await deriveLoginKeys(crypto, username, password, algorithm);
  const identity = layout === 'legacy' ? keys.login : SigningKeyPair.generate(crypto);
  const boxing = keys.boxing ?? BoxingKeyPair.generateCurve25519(crypto);
  const [owner, homeWriter] = [identity.signer, SigningKeyPair.generate(crypto).signer];
  const log = new Log(crypto);
  const sessions = new Sessions({ stores: log, crypto });
  const session = sessions.of(owner.publicKeyHash);
  const inbound = boxing.publicKey.hash(crypto);
  const { result: home } = await session.compute<AbsoluteCapability>(
    [owner.publicKeyHash, homeWriter.publicKeyHash],
    async (start, committer) => {
      const first = await committer.commit(start, owner, WriterData.of(owner.publicKeyHash, { algorithm, inbound }));
      const operation = new OperationView(sessions, committer, await createChildWriter(committer, first, owner, homeWriter));
      const result = await createRoot(operation, { username, signer: homeWriter });
      return { snapshot: operation.snapshot, result };
    },
  );
  const entries = [EntryPoint.of(home, username)];
  const legacyEntries = EntryPoints.of(entries).seal(crypto, keys.rootKey);
  if (layout === 'legacy') {
    await session.update([owner.publicKeyHash], async (snapshot, committer) =>
      committer.commit(snapshot, owner, withStatic(writerDataOf(snapshot, owner.publicKeyHash), legacyEntries.toCbor())),
    );
  }
  const data = LoginData.of(
    username,
    EntryPoints.of(entries, { boxer: boxing, identity }).seal(crypto, keys.rootKey),
    keys.login.publicKey,
  );
  const login = layout === 'legacy' ? {} : { login: { data, auth: data.sign(crypto, identity.secretKey) } };
  const today = new Date().toISOString().slice(0, 10);
  const link = UserPublicKeyLink.createInitial(crypto, owner, username, addMonths(today, 2), [await network.serverId()]);
  const operations = OpLog.of(log.operations, login);
  await withProofOfWork(crypto, encodeChain([link]), async (proof) => network.core.signup(username, link, operations, proof, ''));
  return owner;
}
