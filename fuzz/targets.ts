import { concatBytes, fromHex } from '@pyrgos/core/bytes';
import * as codec from '@pyrgos/core/codec';
import * as containers from '@pyrgos/core/containers';
import { loadCrypto, withRandomSource, type CryptoProvider } from '@pyrgos/core/crypto';
import * as keys from '@pyrgos/core/keys';
import { seededRandom } from '@pyrgos/testkit/random';
import { type FuzzTarget, objectTarget, textTarget } from './target.js';
import { accountTargets } from './targets-accounts.js';
import { fileTargets } from './targets-files.js';
import { mutableDataTargets } from './targets-mutable-data.js';
import { networkTargets } from './targets-network.js';
import { sessionTargets } from './targets-session.js';
import { socialTargets } from './targets-social.js';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function codecTargets(): FuzzTarget[] {
  const hex = (...texts: string[]): Uint8Array[] => texts.map((text) => fromHex(text));
  const cid = codec.parseCid('zdpuAoStiTAjdepMR7C7uVZUpQNChA2kLDmMMj1faemPzZwMu');
  return [
    {
      name: 'cbor',
      seeds: [
        ...hex(
          'aa60f66142f66161f66162f6617af662c3a9f663efbfbff6626161f6626162f664f09f9880f6',
          'a6654b4559203167412076616c7565654b455920324d416e6f746865722076616c7565654b45592033f6654b45592034f5654b4559203683f5f6190100654b65792035d82a5823001220120f6af601d46e10b2d2e11ed71c55d25f3042c22501e41d1246e7a1e9d3d8ec',
          '1b7fffffffffffffff',
          '3b7fffffffffffffff',
          'a26161016162820203',
        ),
        codec.encodeCbor(Array.from({ length: 40 }, (_, i) => [i, `item ${i}`, null, true, cid])),
      ],
      run: (input) => codec.encodeCbor(codec.decodeCbor(input)),
      iterations: 20_000,
    },
    {
      name: 'cbor prefix',
      seeds: [concatBytes(codec.encodeCbor([1, 'two', cid]), new Uint8Array(64))],
      run: (input) => {
        const { value, end } = codec.decodeCborPrefix(input);
        return concatBytes(codec.encodeCbor(value), input.subarray(end));
      },
    },
    {
      name: 'varint',
      seeds: hex('00', '7f', '8001', 'ffffffffffffffff7f'),
      run: (input) => {
        const { value, end } = codec.decodeVarint(input);
        return concatBytes(codec.encodeVarint(value), input.subarray(end));
      },
    },
    { name: 'multihash', seeds: [cid.multihash.bytes, ...hex('000568656c6c6f')], run: (input) => codec.decodeMultihash(input).bytes },
    {
      name: 'cid',
      seeds: [
        cid.bytes,
        ...hex(
          '122059948439065f29619ef41280cbb932be52c56d99c5966b65e0111239f098bbef',
          '0171002482015820ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c',
        ),
      ],
      run: (input) => codec.decodeCid(input).bytes,
    },
    textTarget('cid text', (text) => codec.parseCid(text).toString(), [
      cid.toString(),
      'QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn',
      'bafyreif3n3yb2jkftteahuegjtpeej6nfn3zszpldxzuvpvoyiwcb6sc5i',
      'k51qzi5uqu5dgutdk6i1ynyzgkqngpha5xpgia3a5qqp4jsh0u4csozksxel2r',
    ]),
    textTarget('multibase', (text) => codec.encodeMultibase('z', codec.decodeMultibase(text)), [
      'z11',
      'f0123',
      'baaaaaaaa',
      'mAXES',
      'MAXESIA==',
      'k2jvsla28m54tdsmvcgh8n8wbpsyl1he1u1eipwske25sdnww4yyywh6',
      'v05oh485rdro1q9a5jj407k469jf449ud5drpipfb3npklfleo8m21ui2t8',
      'BAFYREIF3N3YB2JKFTTEAHUEGJTPEEJ6NFN3ZSZPLDXZUVPVOYIWCB6SC5I',
    ]),
    textTarget('peer id', (text) => codec.parsePeerId(text).toString(), ['12D3KooWAjNorDWXZJx8Jhzrq9onKbrmYf9XSmteb4yKnbXfSD8K']),
    textTarget('multiaddr text', (text) => codec.formatMultiaddr(codec.parseMultiaddr(text)), [
      '/ip4/127.0.0.1/tcp/4001',
      '/ip6/::1/udp/1/quic',
      '/dns4/example.com/tcp/443/wss',
      '/ip4/1.2.3.4/tcp/80/http',
    ]),
    textTarget('block store name', (text) => codec.formatBlockStoreName(codec.parseBlockStoreName(text)), [
      codec.formatBlockStoreName(cid),
    ]),
    textTarget('base64', (text) => codec.encodeBase64(codec.decodeBase64(text)), ['AXES', 'AQ==', '']),
    textTarget('base36', (text) => codec.encodeBase36(codec.decodeBase36(text)), ['2jvsla28m54tds', '00a']),
    {
      name: 'data frame',
      seeds: [new codec.DataFrameWriter().writeInt(7).writeLong(-1n).writeBoolean(true).writeBytes(cid.bytes).writeText('alice').finish()],
      run: (input) => {
        const reader = new codec.DataFrameReader(input);
        const writer = new codec.DataFrameWriter();
        writer.writeInt(reader.readInt()).writeLong(reader.readLong()).writeBoolean(reader.readBoolean());
        writer.writeBytes(reader.readBytes(4096)).writeText(reader.readText(4096));
        reader.expectEnd();
        return writer.finish();
      },
    },
    {
      name: 'car',
      seeds: [concatBytes(codec.carHeader([cid]), codec.carBlock(cid, new Uint8Array(100)), codec.carBlock(cid, new Uint8Array()))],
      run: async (input) => {
        // In pieces, as it comes from a network or a disk.
        const reader = codec.readCar(pieces(input, 7));
        const out = [codec.carHeader(await reader.roots())];
        for await (const block of reader) out.push(codec.carBlock(block.cid, block.bytes));
        return concatBytes(...out);
      },
      iterations: 1500,
    },
    {
      name: 'multiaddr',
      seeds: hex('047f000001060fa1', '360b6578616d706c652e636f6d0601bbde03', '0401020304060050e003'),
      run: (input) => codec.encodeMultiaddr(codec.decodeMultiaddr(input)),
    },
  ];
}

/** Key and container formats of chapter 01, with seeds made by our own writers from a fixed random source. */
function chapterOneTargets(crypto: CryptoProvider): FuzzTarget[] {
  const pair = keys.SigningKeyPair.generate(crypto);
  const other = keys.SigningKeyPair.generate(crypto);
  const curve = keys.BoxingKeyPair.generateCurve25519(crypto);
  const hybrid = keys.BoxingKeyPair.generateHybrid(crypto);
  const key = keys.SymmetricKey.generate(crypto);
  const bat = keys.Bat.generate(crypto);
  const withId = bat.withCalculatedId(crypto);
  const leaf = crypto.sha256(new Uint8Array(5));
  const tree = containers.HashTree.build(crypto, leaf);
  const sealed = containers.FragmentedPaddedCipherText.seal(crypto, key, new Uint8Array(5000), bat.mirrorId(crypto));
  const inline = containers.FragmentedPaddedCipherText.seal(crypto, key, new Uint8Array(10));
  const auth = keys.BlockAuth.create(
    crypto,
    {
      block: codec.parseCid('zb2rhZfjRh2FHHB2RkHVEvL2vJnCTcu7kwRqgVsf9gpkLgteo'),
      node: codec.parsePeerId('12D3KooWAjNorDWXZJx8Jhzrq9onKbrmYf9XSmteb4yKnbXfSD8K'),
    },
    withId,
    1_705_311_000_000,
  );
  return [
    objectTarget('public signing key', (b) => keys.PublicSigningKey.decode(b), [pair.publicKey]),
    objectTarget('secret signing key', (b) => keys.SecretSigningKey.decode(b), [pair.secretKey]),
    objectTarget('signing key pair', (b) => keys.SigningKeyPair.decode(crypto, b), [pair], 500),
    objectTarget('signer', (b) => keys.SigningPrivateKeyAndPublicHash.decode(b), [pair.signer]),
    objectTarget('public boxing key', (b) => keys.decodePublicBoxingKey(b), [curve.publicKey, hybrid.publicKey]),
    objectTarget('secret boxing key', (b) => keys.decodeSecretBoxingKey(b), [curve.secretKey, hybrid.secretKey]),
    objectTarget('boxing key pair', (b) => keys.BoxingKeyPair.decode(crypto, b), [curve], 500),
    objectTarget('symmetric key', (b) => keys.SymmetricKey.decode(b), [key]),
    objectTarget('bat', (b) => keys.Bat.decode(b), [bat]),
    objectTarget('bat id', (b) => keys.BatId.decode(b), [withId.id, bat.inlineId()]),
    objectTarget('bat with id', (b) => keys.BatWithId.decode(b), [withId, bat.withMirrorId(crypto)]),
    textTarget('bat with id text', (text) => keys.BatWithId.parse(text).format(), [withId.format()]),
    {
      name: 'raw block prefix',
      seeds: [...sealed.blocks.map((block) => block.bytes.subarray(0, 200)), keys.encodeRawPrefix([bat.inlineId()])],
      run: (input) => {
        keys.batIdsOfRawBlock(input);
        keys.stripRawPrefix(input);
        return undefined;
      },
    },
    objectTarget('block auth', (b) => keys.BlockAuth.decode(b), [auth]),
    objectTarget('owner proof', (b) => keys.OwnerProof.decode(b), [keys.OwnerProof.create(crypto, pair.signer, other.publicKey.hash)]),
    objectTarget('proof of work', (b) => keys.ProofOfWork.decode(b), [keys.ProofOfWork.empty(), keys.ProofOfWork.of(new Uint8Array(8))]),
    {
      name: 'required difficulty',
      seeds: [0, 11, 256].map((difficulty) => keys.encodeRequiredDifficulty(difficulty)),
      run: (input) => keys.encodeRequiredDifficulty(keys.decodeRequiredDifficulty(input)),
    },
    objectTarget('secret generation algorithm', (b) => keys.decodeSecretGenerationAlgorithm(b), [
      keys.ScryptSecretGeneration.of({ extraSalt: 'ab' }),
    ]),
    objectTarget('signed request', (b) => keys.SignedRequest.decode(b), [
      keys.SignedRequest.of('peergos/v0/bats/getUserBats', 1_705_311_000_000),
    ]),
    objectTarget('fingerprint pair', (b) => keys.FingerprintPair.decode(b), [keys.FingerprintPair.of(leaf, crypto.sha256(leaf))]),
    objectTarget('cipher text', (b) => containers.CipherText.decode(b), [containers.CipherText.seal(crypto, key, 'hello')]),
    objectTarget('padded cipher text', (b) => containers.PaddedCipherText.decode(b), [
      containers.PaddedCipherText.seal(crypto, key, 'hello', 16),
    ]),
    objectTarget('fragmented cipher text', (b) => containers.FragmentedPaddedCipherText.decode(b), [sealed.container, inline.container]),
    objectTarget('asymmetric cipher text', (b) => containers.AsymmetricCipherText.decode(b), [
      containers.AsymmetricCipherText.seal(crypto, curve.publicKey, curve.secretKey, 'hello'),
    ]),
    objectTarget('sourced asymmetric cipher text', (b) => containers.SourcedAsymmetricCipherText.decode(b), [
      containers.SourcedAsymmetricCipherText.seal(crypto, curve.publicKey, curve, 'hello'),
    ]),
    objectTarget('padded asymmetric cipher text', (b) => containers.PaddedAsymmetricCipherText.decode(b), [
      containers.PaddedAsymmetricCipherText.seal(crypto, curve.publicKey, curve.secretKey, 'hello', 512),
    ]),
    objectTarget('password protected', (b) => containers.PasswordProtected.decode(b), [
      containers.PasswordProtected.decode(
        fromHex(
          '84a6616308616d11616f1820617001617360647479706501582024242424242424242424242424242424242424242424242424242424242424245818242424242424242424242424242424242424242424242424561a3baacf4dabce0d9a79aa79256c0f1473ebdd5b8d39',
        ),
      ),
    ]),
    objectTarget('hash branch', (b) => containers.HashBranch.decode(b), [tree.branch(0)]),
    objectTarget('symmetric link to signer', (b) => containers.SymmetricLinkToSigner.decode(b), [
      containers.SymmetricLinkToSigner.create(crypto, key, pair.signer),
    ]),
    textTarget('signing key text', (text) => keys.PublicSigningKey.parse(text).toString(), [pair.publicKey.toString()]),
    textTarget('key hash text', (text) => keys.PublicKeyHash.parse(text).toString(), [pair.publicKey.hash.toString()]),
    textTarget('block auth text', (text) => keys.BlockAuth.parse(text)?.toString() ?? '', [auth.toString()]),
    objectTarget('symmetric link', (b) => containers.SymmetricLink.decode(b), [containers.SymmetricLink.create(crypto, key, key)]),
    objectTarget('hash tree', (b) => containers.HashTree.decode(b), [tree]),
    {
      name: 'open a secretbox',
      seeds: [containers.CipherText.seal(crypto, key, ['a', 1]).encode()],
      run: (input) => {
        containers.CipherText.decode(input).open(crypto, key);
        return undefined;
      },
    },
    {
      name: 'open a signature',
      seeds: [keys.signAttached(crypto, pair.secretKey, leaf)],
      run: (input) => {
        keys.openSigned(crypto, pair.publicKey, input);
        return undefined;
      },
      iterations: 1000,
    },
    {
      name: 'open a hybrid box',
      seeds: [keys.boxFor(crypto, hybrid.publicKey, hybrid.secretKey, leaf)],
      run: (input) => {
        keys.openBox(crypto, hybrid.secretKey, hybrid.publicKey, input);
        return undefined;
      },
      iterations: 100,
    },
  ];
}

/** Every target, in a fixed order; the seeds come from a fixed random source, so that a run can be repeated. */
export async function createTargets(): Promise<ReadonlyMap<string, FuzzTarget>> {
  const crypto = withRandomSource(await loadCrypto(), seededRandom(20_261_124));
  const targets = [
    ...codecTargets(),
    ...chapterOneTargets(crypto),
    ...(await mutableDataTargets(crypto)),
    ...accountTargets(crypto),
    ...fileTargets(crypto),
    ...sessionTargets(crypto),
    ...networkTargets(crypto),
    ...socialTargets(crypto),
  ];
  return new Map(targets.map((target) => [target.name, target]));
}
