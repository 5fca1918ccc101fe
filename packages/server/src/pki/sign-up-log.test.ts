import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BlockWrite, LoginData, OpLog, PointerWrite, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { decodeBase64, DataFrameReader, encodeCbor } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { BatWithId, Bat, OwnerProof, ProofOfWork, SignedRequest, SigningKeyPair } from '@pyrgos/core/keys';
import { MemoryBlocks, OwnedKeys, PointerUpdate, WriterData } from '@pyrgos/core/model';
import { goldenFolder } from '@pyrgos/testkit/golden';
import { beforeAll, describe, expect, test } from 'vitest';
import { peerIdOf } from '@pyrgos/core/api';
import { type NewAccount, SignUpClient } from '@pyrgos/testkit/server';
import { validateSignUpLog } from './sign-up-log.js';

let crypto: CryptoProvider;
let client: SignUpClient;
let alice: NewAccount;

beforeAll(async () => {
  crypto = await loadCrypto();
  client = new SignUpClient(crypto, peerIdOf(SigningKeyPair.generate(crypto).publicKey));
  alice = await client.build('alice');
});

async function validate(account: NewAccount, log: OpLog = account.log): Promise<Awaited<ReturnType<typeof validateSignUpLog>>> {
  return validateSignUpLog(crypto, account.username, account.identity.publicKey.hash, log);
}

/** The log with other operations; login data and BAT stay. */
function withOperations({ log }: NewAccount, operations: readonly (BlockWrite | PointerWrite)[]): OpLog {
  return OpLog.of(operations, {
    ...(log.login === undefined ? {} : { login: log.login }),
    ...(log.mirrorBat === undefined ? {} : { mirrorBat: log.mirrorBat }),
  });
}

async function refused(log: OpLog, problem: RegExp, account = alice): Promise<void> {
  await expect(validate(account, log)).rejects.toMatchObject({ code: 'denied.signup', message: expect.stringMatching(problem) as string });
}

describe('validation of a sign-up log (chapter 05 section 12.7)', () => {
  test.each(['java', 'rust'] as const)('accepts what a client of the style %s sends', async (style) => {
    const account = await client.build('bob', { style });
    const valid = await validate(account);
    expect(valid.blocks.map(({ cid }) => cid.toString()).sort()).toEqual([...new Set(account.blocks.map(String))].sort());
    expect(valid.size).toBe(valid.blocks.reduce((sum, { bytes }) => sum + bytes.length, 0));
    const writers = [account.identity.publicKey.hash.toString(), account.home.publicKey.hash.toString()];
    expect(valid.rounds.map((round) => round.map(({ writer }) => writer.toString()))).toEqual(
      style === 'java' ? [writers] : [writers, writers.slice(1), writers.slice(1)],
    );
  });

  const folder = goldenFolder();
  const recording = folder === undefined ? '' : join(folder, '..', 'transcripts', 'signup.jsonl');
  test.skipIf(!existsSync(recording))('accepts what the reference client sent (needs the folder transcripts beside golden-1)', async () => {
    const line = readFileSync(recording, 'utf8')
      .split('\n')
      .filter((text) => text.includes('/core/signup"'))
      .map((text) => JSON.parse(text) as { readonly requestBody: string });
    expect(line.length).toBe(1);
    const body = new DataFrameReader(decodeBase64(line[0]!.requestBody));
    const username = body.readText(64);
    const link = UserPublicKeyLink.decode(body.readBytes(4_194_304));
    const logBytes = body.readBytes(65_536);
    const log = OpLog.decode(logBytes);
    ProofOfWork.decode(body.readBytes(100));
    expect(body.readText(1024)).toBe('');
    expect(log.encode()).toEqual(logBytes);
    const valid = await validateSignUpLog(crypto, username, link.owner, log);
    expect(username).toBe('tessa');
    expect(valid.rounds.map((round) => round.length)).toEqual([2]);
    expect(valid.blocks.length).toBe(11);
  });

  test('refuses a block without a signature by its own writer', async () => {
    const [index, block] = [...alice.log.operations.entries()].find(([, item]) => item instanceof BlockWrite) as [number, BlockWrite];
    const forged = BlockWrite.sign(crypto, alice.home.signer, block.block, block.isRaw);
    const swapped = BlockWrite.of(block.writer, forged.signature, block.block, block.isRaw);
    await refused(withOperations(alice, alice.log.operations.with(index, swapped)), /^Invalid signup data! A block has no valid signature/);
    const other = BlockWrite.sign(crypto, alice.identity.signer, encodeCbor(1), false);
    const moved = BlockWrite.of(block.writer, other.signature, block.block, block.isRaw);
    await refused(withOperations(alice, alice.log.operations.with(index, moved)), /valid signature/);
  });

  test('refuses every log from which one operation is missing', async () => {
    for (const index of alice.log.operations.keys()) {
      await refused(withOperations(alice, alice.log.operations.toSpliced(index, 1)), /^Invalid signup data!/);
    }
  });

  test('refuses a pointer that comes before its block, is signed by somebody else, or has another beginning', async () => {
    const pointers = alice.log.operations.filter((item) => item instanceof PointerWrite);
    const blocks = alice.log.operations.filter((item) => item instanceof BlockWrite);
    await refused(withOperations(alice, [...pointers, ...blocks]), /before its block/);
    const stranger = SigningKeyPair.generate(crypto);
    const forged = PointerWrite.of(
      pointers[0]!.writer,
      PointerUpdate.of(undefined, alice.targets.identity, 1).sign(crypto, stranger.signer),
    );
    await refused(withOperations(alice, [...blocks, forged, pointers[1]!]), /signature/);
    const late = PointerUpdate.of(alice.targets.home, alice.targets.identity, 2).sign(crypto, alice.identity.signer);
    await refused(withOperations(alice, [...blocks, PointerWrite.of(pointers[0]!.writer, late), pointers[1]!]), /PointerCAS/);
    await refused(withOperations(alice, [...blocks, ...pointers, pointers[1]!]), /PointerCAS/);
  });

  test('refuses a deletion, and a WriterData of another writer', async () => {
    const gone = PointerUpdate.of(alice.targets.home, undefined, 2).sign(crypto, alice.home.signer);
    const deletion = PointerWrite.of(alice.home.publicKey.hash, gone);
    await refused(withOperations(alice, [...alice.log.operations, deletion]), /cannot delete/);
    const foreign = PointerUpdate.of(alice.targets.home, alice.targets.identity, 2).sign(crypto, alice.home.signer);
    await refused(
      withOperations(alice, [...alice.log.operations, PointerWrite.of(alice.home.publicKey.hash, foreign)]),
      /controller mismatch/,
    );
  });

  test('refuses writers that the identity does not own', async () => {
    const stranger = SigningKeyPair.generate(crypto);
    const block = BlockWrite.sign(crypto, stranger.signer, WriterData.of(stranger.publicKey.hash).encode(), false);
    await refused(withOperations(alice, [...alice.log.operations, block]), /does not belong to the account/);
    const update = PointerUpdate.of(undefined, block.cid(crypto), 1).sign(crypto, stranger.signer);
    const log = withOperations(alice, [...alice.log.operations, block, PointerWrite.of(stranger.publicKey.hash, update)]);
    await refused(log, /does not belong to the account/);
  });

  test('refuses an owned key without data, which could never be written', async () => {
    const child = SigningKeyPair.generate(crypto);
    const blocks = new MemoryBlocks(crypto);
    const owner = alice.home.publicKey.hash;
    const owned = OwnedKeys.empty(blocks, { owner });
    const proof = OwnerProof.create(crypto, child.signer, owner);
    await owned.add(proof, blocks);
    const root = owned.flush(blocks);
    const writerData = WriterData.of(owner, { owned: root });
    const update = PointerUpdate.of(alice.targets.home, writerData.cid(crypto), 2).sign(crypto, alice.home.signer);
    const fresh = [proof.encode(), blocks.find(root)!, writerData.encode()].map((bytes) =>
      BlockWrite.sign(crypto, alice.home.signer, bytes, false),
    );
    await refused(withOperations(alice, [...alice.log.operations, ...fresh, PointerWrite.of(owner, update)]), /owned key has no data/);
  });

  test('refuses blocks that are no canonical CBOR', async () => {
    const block = BlockWrite.sign(crypto, alice.home.signer, Uint8Array.of(0x18, 0x01), false);
    await refused(withOperations(alice, [block, ...alice.log.operations]), /^Invalid signup data!/);
  });

  test('refuses login data of another user, unsigned, missing, or with a password change', async () => {
    const { operations, login, mirrorBat } = alice.log;
    const { data } = login!;
    const other = LoginData.of('bob', data.entryPoints, data.reader);
    const log = (changed: LoginData, auth: Uint8Array): OpLog =>
      OpLog.of(operations, { login: { data: changed, auth }, mirrorBat: mirrorBat! });
    await refused(log(other, other.sign(crypto, alice.identity.secretKey)), /^Invalid signup data!$/);
    await refused(log(data, data.sign(crypto, alice.home.secretKey)), /login data has no valid signature/);
    await refused(OpLog.of(operations, { mirrorBat: mirrorBat! }), /login data is missing/);
    const change = LoginData.of('alice', data.entryPoints, data.reader, {
      block: operations.find((item) => item instanceof BlockWrite)!,
      pointer: operations.find((item) => item instanceof PointerWrite)!,
    });
    await refused(log(change, change.sign(crypto, alice.identity.secretKey)), /^Invalid signup data!$/);
  });

  test('takes a mirror BAT whose signature is old, and refuses a wrong one', async () => {
    const { operations, login, mirrorBat } = alice.log;
    const log = (bat: BatWithId, path: string, signer: SigningKeyPair): OpLog =>
      OpLog.of(operations, { login: login!, mirrorBat: { bat, auth: SignedRequest.of(path, 0).sign(crypto, signer.secretKey) } });
    await validate(alice, log(mirrorBat!.bat, 'peergos/v0/bats/addBat', alice.identity));
    await refused(log(mirrorBat!.bat, 'peergos/v0/bats/getUserBats', alice.identity), /mirror BAT/);
    await refused(log(mirrorBat!.bat, 'peergos/v0/bats/addBat', alice.home), /signature/);
    const mismatched = BatWithId.of(Bat.generate(crypto), mirrorBat!.bat.id);
    await refused(log(mismatched, 'peergos/v0/bats/addBat', alice.identity), /Invalid BAT id for BAT/);
  });

  test('does not mind the log of another identity being taken apart', async () => {
    const bob = await client.build('bob');
    await refused(bob.log, /Invalid signup data!/, alice);
    await expect(validateSignUpLog(crypto, 'bob', bob.identity.publicKey.hash, alice.log)).rejects.toMatchObject({ code: 'denied.signup' });
    await expect(validateSignUpLog(crypto, 'alice', alice.identity.publicKey.hash, OpLog.of([]))).rejects.toMatchObject({
      code: 'denied.signup',
    });
  });
});
