import { loadCrypto } from '@pyrgos/core/crypto';
import type { ProofOfWork } from '@pyrgos/core/keys';
import { describe, expect, test } from 'vitest';
import { type HarderProof, withProofOfWork } from './proof-of-work.js';

const crypto = await loadCrypto();
const data = new TextEncoder().encode('proof of work payload');

/** A server that wants each of these difficulties in turn. */
function server(...difficulties: readonly number[]) {
  const proofs: ProofOfWork[] = [];
  const send = async (proof: ProofOfWork): Promise<{ readonly accepted: true } | HarderProof> => {
    const wanted = difficulties[proofs.push(proof) - 1] ?? 0;
    return proof.check(crypto, data, wanted) ? { accepted: true } : { accepted: false, difficulty: wanted };
  };
  return { proofs, send };
}

describe('sending with a proof of work', () => {
  test('without work first', async () => {
    const { proofs, send } = server(0);
    expect(await withProofOfWork(crypto, data, send)).toEqual({ accepted: true });
    expect(proofs).toHaveLength(1);
    expect(proofs[0]?.prefix).toEqual(new Uint8Array(8));
  });

  test('then with what the server wants, and once more when it wants more meanwhile', async () => {
    const { proofs, send } = server(11, 13, 13);
    await withProofOfWork(crypto, data, send);
    expect(proofs.length).toBeGreaterThan(1);
    expect(proofs.at(-1)?.check(crypto, data, 11)).toBe(true);
  });

  test('a server that always wants more is given up', async () => {
    let wanted = 4;
    let requests = 0;
    const send = async (): Promise<HarderProof> => {
      requests++;
      return { accepted: false, difficulty: (wanted += 3) };
    };
    await expect(withProofOfWork(crypto, data, send)).rejects.toMatchObject({
      code: 'rate',
      message: 'Server is under load please try again later',
    });
    expect(requests).toBe(3);
  });

  test('a server that refuses what it wanted is given up at once', async () => {
    let requests = 0;
    const send = async (): Promise<HarderProof> => {
      requests++;
      return { accepted: false, difficulty: 5 };
    };
    await expect(withProofOfWork(crypto, data, send)).rejects.toMatchObject({ code: 'rate' });
    expect(requests).toBe(2);
  });

  test.each([33, 256])('a server that wants the impossible (%i bits) costs no work', async (difficulty) => {
    let requests = 0;
    const send = async (): Promise<HarderProof> => {
      requests++;
      return { accepted: false, difficulty };
    };
    await expect(withProofOfWork(crypto, data, send)).rejects.toMatchObject({ code: 'denied.signup', data: { difficulty } });
    expect(requests).toBe(1);
  });

  test('can be cancelled', async () => {
    const controller = new AbortController();
    const send = async (): Promise<HarderProof> => {
      controller.abort();
      return { accepted: false, difficulty: 30 };
    };
    await expect(withProofOfWork(crypto, data, send, { signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
  });
});
