import { addMonths, BlockWrite, LoginData, OpLog, PointerWrite, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { type CborValue, Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import {
  Bat,
  BatWithId,
  BoxingKeyPair,
  OwnerProof,
  PublicKeyHash,
  ScryptSecretGeneration,
  SignedRequest,
  type Signer,
  SigningKeyPair,
  SymmetricKey,
} from '@pyrgos/core/keys';
import { EntryPoints, MemoryBlocks, OwnedKeys, PointerUpdate, reachableBlocks, WriterData, WriterTree } from '@pyrgos/core/model';

/** What the tests' client may be told. */
export interface SignUpChoices {
  /** `java`: each writer's blocks, then its pointer. `rust`: several pointers of the home writer, before the identity's (chapter 05 section 12.2). */
  readonly style?: 'java' | 'rust';
  /** Expiry of the claim. */
  readonly expiry?: string;
  /** The home writer; a new one unless given. */
  readonly home?: SigningKeyPair;
  /** The identity; a new one unless given. */
  readonly identity?: SigningKeyPair;
  readonly now?: number;
}

/** A new account as a client builds it (chapter 05 section 12.5). */
export interface NewAccount {
  readonly username: string;
  readonly identity: SigningKeyPair;
  readonly home: SigningKeyPair;
  readonly login: SigningKeyPair;
  readonly mirrorBat: BatWithId;
  readonly link: UserPublicKeyLink;
  readonly log: OpLog;
  /** The WriterData of the two writers in the end. */
  readonly targets: { readonly identity: Cid; readonly home: Cid };
  /** All blocks of the log. */
  readonly blocks: readonly Cid[];
}

class Recorder extends MemoryBlocks {
  fresh: Uint8Array[] = [];

  override putCbor(bytes: Uint8Array): Cid {
    const cid = super.putCbor(bytes);
    this.fresh.push(bytes);
    return cid;
  }
}

/** Builds accounts the way clients do, with small stand-ins for the encrypted directories. */
export class SignUpClient {
  constructor(
    readonly crypto: CryptoProvider,
    private readonly provider: Cid,
  ) {}

  /** Everything that a sign-up sends. */
  async build(username: string, choices: SignUpChoices = {}): Promise<NewAccount> {
    const { crypto } = this;
    const { style = 'java', now = 1_700_000_000_000 } = choices;
    const [identity, login] = [choices.identity ?? SigningKeyPair.generate(crypto), SigningKeyPair.generate(crypto)];
    const home = choices.home ?? SigningKeyPair.generate(crypto);
    const homeRun = await this.homeWriter(identity.publicKey.hash, home.signer, style === 'rust' ? 3 : 1);
    const identityRun = await this.identityWriter(identity.signer, home.signer);
    const operations =
      style === 'rust' ? [...homeRun.operations, ...identityRun.operations] : [...identityRun.operations, ...homeRun.operations];
    const bat = Bat.generate(crypto);
    const mirrorBat = BatWithId.of(bat, bat.mirrorId(crypto));
    const rootKey = SymmetricKey.generate(crypto);
    const data = LoginData.of(username, EntryPoints.of([], { identity }).seal(crypto, rootKey), login.publicKey);
    const log = OpLog.of(style === 'rust' ? mixed(operations) : operations, {
      login: { data, auth: data.sign(crypto, identity.secretKey) },
      mirrorBat: { bat: mirrorBat, auth: SignedRequest.of('peergos/v0/bats/addBat', now).sign(crypto, identity.secretKey) },
    });
    return {
      username,
      identity,
      home,
      login,
      mirrorBat,
      link: this.claim(username, identity.signer, choices.expiry ?? addMonths(new Date(now).toISOString().slice(0, 10), 2)),
      log,
      targets: { identity: identityRun.target, home: homeRun.target },
      blocks: operations.filter((item) => item instanceof BlockWrite).map((item) => item.cid(crypto)),
    };
  }

  /** The first link of a chain. */
  claim(username: string, identity: Signer, expiry: string, provider: Cid = this.provider): UserPublicKeyLink {
    return UserPublicKeyLink.createInitial(this.crypto, identity, username, expiry, [provider]);
  }

  /** The two links of a key change. */
  keyChange(username: string, old: Signer, next: Signer, expiry: string): readonly UserPublicKeyLink[] {
    return UserPublicKeyLink.createChain(this.crypto, old, next, username, expiry, [this.provider]);
  }

  private async identityWriter(identity: Signer, home: Signer): Promise<Run> {
    const { crypto } = this;
    const owner = identity.publicKeyHash;
    const blocks = new Recorder(crypto);
    const boxer = BoxingKeyPair.generateHybrid(crypto);
    const owned = OwnedKeys.empty(blocks, { owner });
    await owned.add(OwnerProof.create(crypto, home, owner), blocks);
    const writerData = WriterData.of(owner, {
      algorithm: ScryptSecretGeneration.of(),
      inbound: PublicKeyHash.fromCid(blocks.putCbor(boxer.publicKey.encode())),
      owned: owned.flush(blocks),
    });
    return this.run(identity, blocks, undefined, writerData, owner);
  }

  private async homeWriter(owner: PublicKeyHash, home: Signer, updates: number): Promise<Run> {
    const { crypto } = this;
    const blocks = new Recorder(crypto);
    const tree = new WriterTree(blocks, blocks, { owner });
    let writerData = WriterData.of(home.publicKeyHash, { owned: OwnedKeys.empty(blocks, { owner }).flush(blocks) });
    const operations: (BlockWrite | PointerWrite)[] = [];
    let current: PointerUpdate | undefined;
    for (let i = 0; i < updates; i++) {
      for (let entry = 0; entry < 4; entry++) {
        const node: CborValue = new Map<string, CborValue>([['d', crypto.randomBytes(40)]]);
        writerData = await tree.put(writerData, crypto.randomBytes(32), undefined, blocks.putCbor(encodeCbor(node)));
      }
      const run = await this.run(home, blocks, current, writerData, owner);
      operations.push(...run.operations);
      current = PointerUpdate.next(current, run.target);
    }
    return { operations, target: writerData.cid(crypto) };
  }

  /** What changed since the last run, without the nodes that were replaced again. */
  private async run(
    signer: Signer,
    blocks: Recorder,
    current: PointerUpdate | undefined,
    writerData: WriterData,
    owner: PublicKeyHash,
  ): Promise<Run> {
    const { crypto } = this;
    const target = blocks.putCbor(writerData.encode());
    const needed = new Set<string>();
    for await (const cid of reachableBlocks([target], blocks, { owner })) needed.add(cid.key);
    const fresh = blocks.fresh.filter((bytes) => needed.has(Cid.ofSha256(crypto.sha256(bytes), CidCodec.dagCbor).key));
    const operations = [
      ...fresh.map((bytes) => BlockWrite.sign(crypto, signer, bytes, false)),
      PointerWrite.of(signer.publicKeyHash, PointerUpdate.next(current, target).sign(crypto, signer)),
    ];
    blocks.fresh = [];
    return { operations, target };
  }
}

interface Run {
  readonly operations: readonly (BlockWrite | PointerWrite)[];
  readonly target: Cid;
}

/** All blocks first, those of the writers in turn; then the pointers in their order. */
function mixed(operations: readonly (BlockWrite | PointerWrite)[]): readonly (BlockWrite | PointerWrite)[] {
  const blocks = operations.filter((item) => item instanceof BlockWrite);
  const writers = [...new Set(blocks.map(({ writer }) => writer.key))].map((key) => blocks.filter(({ writer }) => writer.key === key));
  const longest = Math.max(...writers.map((list) => list.length));
  const turns = Array.from({ length: longest }, (_, i) => writers.flatMap((list) => list[i] ?? [])).flat();
  return [...turns, ...operations.filter((item) => item instanceof PointerWrite)];
}
