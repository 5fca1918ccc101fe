import { loadCrypto } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { MAX_CLIENT_REQUESTS } from '@pyrgos/core/limits';
import { constantRandom } from '@pyrgos/testkit/random';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../test/commit-world.js';
import { failure, refusal, type ScriptedAnswer, ScriptedTransport, success } from '../../../test/scripted-transport.js';
import { isAfterLostAnswer } from '../../commit/lost-answer.js';
import { Caller } from './caller.js';
import { HttpPointers } from './http-pointers.js';

const crypto = await loadCrypto();
const writer = SigningKeyPair.fromSeed(crypto, new Uint8Array(32)).signer.publicKeyHash;
const signed = Uint8Array.of(1);
const conflict = refusal('PointerCAS:EMPTY,,EMPTY');

function pointersOf(script: readonly ScriptedAnswer[]): HttpPointers {
  return new HttpPointers(
    new Caller({
      transport: new ScriptedTransport(script),
      basePath: '/',
      isPublic: false,
      clock: new ManualClock(),
      random: constantRandom(0),
      timer: () => () => undefined,
      timeouts: {},
      maxRequests: MAX_CLIENT_REQUESTS,
      onRequest: undefined,
    }),
  );
}

test.each<[string, readonly ScriptedAnswer[], boolean]>([
  ['at once', [conflict], false],
  ['after an answer that was lost', [failure('broken'), conflict], true],
  ['after two', [failure('broken'), failure('broken'), conflict], true],
  ['after a gateway that gave up', [refusal('', 504), conflict], true],
  ['after a kept connection that ended', [failure('stale'), conflict], true],
  ['after a server that had too much to do', [refusal('Busy', 429), conflict], false],
  ['after a lost answer, without a reason', [failure('broken'), success(Uint8Array.of(0))], true],
])('a conflict %s', async (_, script, isLost) => {
  for (const send of [
    async (pointers: HttpPointers) => pointers.setPointer(writer, writer, signed),
    async (pointers: HttpPointers) => pointers.setPointers(writer, [{ writer, signed }]),
  ]) {
    const error: unknown = await send(pointersOf(script)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PyrgosError);
    if (error instanceof PyrgosError && error.code !== 'rate')
      expect([error.code, isAfterLostAnswer(error)]).toEqual(['conflict.pointer', isLost]);
  }
});

test('answers stay what they are', async () => {
  expect(await pointersOf([success(Uint8Array.of(0))]).setPointer(writer, writer, signed)).toBe(false);
  expect(await pointersOf([failure('broken'), success(Uint8Array.of(1))]).setPointer(writer, writer, signed)).toBe(true);
});
