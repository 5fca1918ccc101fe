import { Cid, CidCodec } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { PublicKeyHash } from '@pyrgos/core/keys';
import { Champ, MemoryBlocks } from '@pyrgos/core/model';
import { measure, type Measurement } from './measure.js';

const GETS = 1000;

/** CHAMP: n puts into an empty tree and one flush; then gets of random keys from the stored tree. */
export async function benchChamp(): Promise<Measurement[]> {
  const crypto = await loadCrypto();
  const owner = PublicKeyHash.ofInlineKey(
    Uint8Array.from([0x82, 0x01, 0x58, 0x20, ...crypto.ed25519KeyPair(new Uint8Array(32)).publicKey]),
  );
  const out: Measurement[] = [];
  for (const size of [1000, 10_000, 100_000]) {
    const encoder = new TextEncoder();
    const keys = Array.from({ length: size }, (_, i) => crypto.sha256(encoder.encode(`key-${i}`)));
    const value = Cid.ofSha256(crypto.sha256(encoder.encode('value')), CidCodec.dagCbor);
    let blocks = new MemoryBlocks(crypto);
    let root: Cid | undefined;
    const samples = size >= 100_000 ? 3 : 7;
    const put = async (): Promise<void> => {
      blocks = new MemoryBlocks(crypto);
      const champ = Champ.empty(blocks, { owner });
      for (const key of keys) await champ.put(key, undefined, value);
      root = champ.flush(blocks);
    };
    out.push(
      ...(await measure(
        'CHAMP',
        's',
        (milliseconds) => milliseconds / 1000,
        [{ name: `${size} puts, one commit`, run: put, ...(size === 100_000 ? { target: 5 } : {}) }],
        { samples, warmUps: 1 },
      )),
    );
    const stored = root;
    if (stored === undefined) throw new Error('nothing was flushed');
    const get = async (): Promise<void> => {
      const champ = Champ.open(stored, blocks, { owner });
      for (let i = 0; i < GETS; i++) {
        const key = keys[(i * 7919) % size];
        if (key === undefined || (await champ.get(key)) === undefined) throw new Error('a key is lost');
      }
    };
    out.push(
      ...(await measure('CHAMP', 'gets/s', (milliseconds) => GETS / (milliseconds / 1000), [{ name: `gets of ${size} keys`, run: get }], {
        samples,
        warmUps: 1,
      })),
    );
  }
  return out;
}
