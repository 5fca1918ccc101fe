import { fromHex } from '@pyrgos/core/bytes';
import { Cid, CidCodec, decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import { CipherText } from '@pyrgos/core/containers';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import { Bat, OwnerProof, ScryptSecretGeneration, SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import * as model from '@pyrgos/core/model';
import { type FuzzTarget, objectTarget, textTarget } from './target.js';

/**
 * A CHAMP node, read through an opened map. Reading is asynchronous only because blocks are; the block is in memory, so the decoder
 * itself is what `fromCbor` runs.
 */
function champTarget(crypto: CryptoProvider, owner: model.WriterData['controller'], seeds: readonly Uint8Array[]): FuzzTarget {
  return {
    name: 'champ node',
    seeds,
    run: (input) => {
      const blocks = new model.MemoryBlocks(crypto);
      model.Champ.fromCbor(decodeCbor(input), blocks, { owner });
      return undefined;
    },
  };
}

/** Formats of chapter 03, with seeds made by our own writers. */
export async function mutableDataTargets(crypto: CryptoProvider): Promise<FuzzTarget[]> {
  const pair = SigningKeyPair.generate(crypto);
  const owner = pair.publicKey.hash;
  const owned = SigningKeyPair.generate(crypto);
  const proof = OwnerProof.create(crypto, owned.signer, owner);
  const cid = Cid.ofSha256(crypto.sha256(fromHex('00')), CidCodec.dagCbor);
  const key = SymmetricKey.generate(crypto);

  const blocks = new model.MemoryBlocks(crypto);
  const champ = model.Champ.empty(blocks, { owner });
  for (let i = 0; i < 20; i++) await champ.put(crypto.sha256(Uint8Array.of(i)), undefined, cid);
  const root = champ.flush(blocks);

  const writerData = model.WriterData.of(owner, {
    owned: cid,
    tree: root,
    links: cid,
    algorithm: ScryptSecretGeneration.of({ extraSalt: 'ab' }),
    named: new Map([
      ['pki', proof],
      ['__proto__', proof],
    ]),
  });
  const version = model.CommittedWriterData.of(cid, 7, writerData);
  const capability = model.AbsoluteCapability.of({
    owner,
    writer: owned.publicKey.hash,
    mapKey: new Uint8Array(32).fill(3),
    bat: Bat.generate(crypto),
    rBaseKey: key,
  });
  const inode = model.Inode.of(3, 'photos');
  const target = model.SecretLinkTarget.of(model.EncryptedCapability.of(CipherText.seal(crypto, key, 1), true), {});
  const update = model.PointerUpdate.of(undefined, cid, 1);
  const commit = model.encodeMultiWriterCommit([{ writer: owner, signed: Uint8Array.of(1, 2, 3) }]);
  return [
    objectTarget('pointer update', (b) => model.PointerUpdate.decode(b), [update, model.PointerUpdate.of(cid, undefined, 300)]),
    {
      name: 'multi writer commit',
      seeds: [commit],
      run: (input) => reencode(input, (b) => model.encodeMultiWriterCommit(model.decodeMultiWriterCommit(b))),
    },
    objectTarget('writer data', (b) => model.WriterData.decode(b), [writerData, model.WriterData.of(owner)]),
    objectTarget('committed writer data', (b) => model.CommittedWriterData.decode(b), [version]),
    objectTarget('snapshot', (b) => model.Snapshot.decode(b), [model.Snapshot.of(owner, version)]),
    objectTarget('absolute capability', (b) => model.AbsoluteCapability.decode(b), [capability]),
    objectTarget('inode', (b) => model.Inode.decode(b), [inode]),
    objectTarget('inode capability', (b) => model.InodeCap.decode(b), [model.InodeCap.of(inode, capability), model.InodeCap.of(inode)]),
    objectTarget('secret link target', (b) => model.SecretLinkTarget.decode(b), [target]),
    champTarget(crypto, owner, [blocks.find(root) ?? new Uint8Array(), encodeCbor([new Uint8Array(), new Uint8Array(), []])]),
    {
      name: 'pointer conflict text',
      seeds: ['PointerCAS:EMPTY,,EMPTY', `PointerCAS:${cid.toString()},7,EMPTY`].map((text) => new TextEncoder().encode(text)),
      run: (input) => {
        model.parsePointerConflict(new TextDecoder().decode(input));
        return undefined;
      },
    },
    objectTarget('entry point', (b) => model.EntryPoint.decode(b), [model.EntryPoint.of(capability, 'alice')]),
    objectTarget('entry points', (b) => model.EntryPoints.decode(crypto, b), [
      model.EntryPoints.of([model.EntryPoint.of(capability, 'alice')]),
    ]),
    objectTarget('encrypted capability', (b) => model.EncryptedCapability.decode(b), [target.capability]),
    textTarget('champ caps', (text) => model.formatChampCaps(model.parseChampCaps(text)), [
      model.formatChampCaps([model.ChunkMirrorCap.of(new Uint8Array(32))]),
    ]),
    {
      name: 'inode filesystem',
      seeds: [model.InodeFileSystem.create({ hasher: crypto, source: blocks, sink: blocks, context: { owner } }).encode()],
      run: (input) => {
        model.InodeFileSystem.fromCbor({ hasher: crypto, source: blocks, sink: blocks, context: { owner } }, decodeCbor(input));
        return undefined;
      },
    },
    {
      name: 'open a pointer',
      seeds: [update.sign(crypto, pair.signer)],
      run: (input) => {
        model.openPointer(crypto, pair.publicKey, input);
        return undefined;
      },
      iterations: 1000,
    },
  ];
}

function reencode(input: Uint8Array, again: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const first = again(input);
  try {
    return encodeCbor(decodeCbor(again(first))).length === first.length ? input : first;
  } catch (error) {
    if (error instanceof PyrgosError) return first;
    throw error;
  }
}
