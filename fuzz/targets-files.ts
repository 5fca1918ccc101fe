import { decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import { type HashTree, HashTreeBuilder, SymmetricLinkToSigner } from '@pyrgos/core/containers';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { Bat, SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import * as model from '@pyrgos/core/model';
import { type FuzzTarget, objectTarget } from './target.js';

/** Formats of chapter 04, with seeds made by our own writers. */
export function fileTargets(crypto: CryptoProvider): FuzzTarget[] {
  const pair = SigningKeyPair.generate(crypto);
  const [rBaseKey, dataKey, wBaseKey] = [SymmetricKey.generate(crypto), SymmetricKey.generate(crypto), SymmetricKey.generate(crypto)];
  const first = model.ChunkLocation.generate(crypto);
  const next = model.ChunkLocation.generate(crypto);
  const mirrorBatId = Bat.generate(crypto).mirrorId(crypto);
  const owner = pair.publicKey.hash;
  const capability = model.AbsoluteCapability.of({ owner, writer: owner, mapKey: first.mapKey, bat: first.bat, rBaseKey, wBaseKey });
  const child = model.AbsoluteCapability.of({ owner, writer: owner, mapKey: next.mapKey, bat: next.bat, rBaseKey, wBaseKey: dataKey });
  const modified = model.Timestamp.of(1_700_000_000, 7);
  const streamSecret = crypto.randomBytes(32);
  const tree: HashTree = new HashTreeBuilder(crypto).addChunk(streamSecret).build();
  const properties = model.FileProperties.of({
    name: 'a.txt',
    isDirectory: false,
    mimeType: 'text/plain',
    size: 5,
    modified,
    streamSecret,
    thumbnail: model.Thumbnail.of('image/webp', crypto.randomBytes(20)),
    treeHash: tree.branch(0),
  });
  const directory = model.FileProperties.of({ name: 'd', isDirectory: true, mimeType: '', size: 0, modified });
  const link = model.RelativeCapability.relativise(crypto, capability, child);
  const facts = { name: 'a.txt', isDirectory: false, mimeType: 'text/plain', created: modified };
  const named = model.NamedRelativeCapability.of(link, facts);
  const children = [model.ChildEntry.of(named), model.ChildEntry.of(named.withName('b'))];
  const signerLink = SymmetricLinkToSigner.create(crypto, wBaseKey, pair.signer);
  const common = { rBaseKey, parentLink: link, bat: first.bat, next, mirrorBatId };
  const file = model.sealFileChunk(crypto, { ...common, dataKey, properties, data: crypto.randomBytes(5) }).node;
  const large = model.sealFileChunk(crypto, { ...common, dataKey, properties, data: new Uint8Array(5000) }).node;
  const folder = model.sealDirectoryChunk(crypto, { ...common, parentKey: dataKey, properties: directory, children, signerLink }).node;
  const keys = { properties, rBaseKey, dataKey, wBaseKey };
  const upload = model.UploadTransaction.of({
    path: 'bob/dir/file.bin',
    size: 6_000_000,
    owner,
    writer: pair.signer,
    first,
    streamSecret,
    startTime: 1_700_000_000_000,
    hashTree: tree,
    keys,
  });
  return [
    objectTarget('file properties', (b) => model.FileProperties.decode(b), [properties, directory, model.FileProperties.SUBSEQUENT_CHUNK]),
    objectTarget('relative capability', (b) => model.RelativeCapability.decode(b), [link]),
    objectTarget('named relative capability', (b) => model.NamedRelativeCapability.decode(b), [named]),
    objectTarget('named absolute capability', (b) => model.NamedAbsoluteCapability.decode(b), [
      model.NamedAbsoluteCapability.of(capability, facts),
    ]),
    objectTarget('capability with path', (b) => model.CapabilityWithPath.decode(b), [model.CapabilityWithPath.of(capability, '/bob/a')]),
    objectTarget('location', (b) => model.Location.decode(b), [model.Location.ofCapability(capability)]),
    objectTarget('cryptree node', (b) => model.CryptreeNode.decode(b), [file, large, folder]),
    objectTarget('upload transaction', (b) => model.UploadTransaction.decode(b), [upload], 1000),
    objectTarget('resume upload props', (b) => model.ResumeUploadProps.decode(b), [
      model.ResumeUploadProps.of({ ...keys, first, streamSecret }),
    ]),
    {
      name: 'base section',
      seeds: [encodeCbor(model.openNode(crypto, folder, capability).base?.toCbor() ?? null)],
      run: (input) => {
        const section = encodeCbor(model.BaseSection.fromCbor(decodeCbor(input)).toCbor());
        return encodeCbor(model.BaseSection.fromCbor(decodeCbor(section)).toCbor()).length === section.length ? input : section;
      },
    },
    {
      name: 'parent section',
      seeds: [encodeCbor(model.ParentSection.of(properties, link).toCbor()), encodeCbor(model.ParentSection.of(directory).toCbor())],
      run: (input) => {
        const section = encodeCbor(model.ParentSection.fromCbor(decodeCbor(input)).toCbor());
        return encodeCbor(model.ParentSection.fromCbor(decodeCbor(section)).toCbor()).length === section.length ? input : section;
      },
    },
    {
      // Lists are written again as they were, so every one that is read at all must come out the same.
      name: 'child list',
      seeds: [encodeCbor(model.childrenToCbor(children)), encodeCbor([link.toCbor()]), encodeCbor([])],
      run: (input) => encodeCbor(model.childrenToCbor(model.parseChildren(decodeCbor(input)))),
    },
    {
      name: 'mime type',
      seeds: [Uint8Array.of(0x82, 0x11), new TextEncoder().encode('<html>'), new TextEncoder().encode('OggS')],
      run: (input) => {
        model.detectMimeType(input, 'a.txt');
        return undefined;
      },
    },
  ];
}
