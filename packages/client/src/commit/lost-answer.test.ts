import { ConflictError, DeniedError, PyrgosError } from '@pyrgos/core/errors';
import { expect, test } from 'vitest';
import { networkError } from '../../test/commit-world.js';
import { isAfterLostAnswer, mayHaveArrived, notingLostAnswers, unknownOutcome } from './lost-answer.js';

const conflict = (): ConflictError => new ConflictError('conflict.pointer', 'x');
const errorOf = async (call: Promise<unknown>): Promise<PyrgosError> => {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  if (error instanceof PyrgosError) return error;
  throw new Error('must fail');
};

test('a conflict after a lost answer is told from one without', async () => {
  const plain = conflict();
  expect(await errorOf(notingLostAnswers(() => Promise.reject(plain)))).toBe(plain);
  expect(isAfterLostAnswer(plain)).toBe(false);
  const after = conflict();
  const send = async (onLost: () => void): Promise<boolean> => {
    onLost();
    throw after;
  };
  expect(await errorOf(notingLostAnswers(send))).toBe(after);
  expect(isAfterLostAnswer(after)).toBe(true);
});

test('so is a refusal', async () => {
  expect(await notingLostAnswers(async () => false)).toBe(false);
  const send =
    (answer: boolean) =>
    async (onLost: () => void): Promise<boolean> => {
      onLost();
      return answer;
    };
  expect(await notingLostAnswers(send(true))).toBe(true);
  const refused = await errorOf(notingLostAnswers(send(false)));
  expect([refused.code, isAfterLostAnswer(refused)]).toEqual(['conflict.pointer', true]);
  // What an inner layer has noted is kept.
  expect(isAfterLostAnswer(await errorOf(notingLostAnswers(() => notingLostAnswers(send(false)))))).toBe(true);
});

test('so is a sequence number that is not higher than the last', async () => {
  const denied = new DeniedError('denied.pointer', 'x');
  expect(await errorOf(notingLostAnswers(() => Promise.reject(denied)))).toBe(denied);
  const send = async (onLost: () => void): Promise<boolean> => {
    onLost();
    throw denied;
  };
  const refused = await errorOf(notingLostAnswers(send));
  expect([refused.code, isAfterLostAnswer(refused)]).toEqual(['conflict.pointer', true]);
});

test('other errors are not marked', async () => {
  const send = async (onLost: () => void): Promise<boolean> => {
    onLost();
    throw networkError();
  };
  expect(isAfterLostAnswer(await errorOf(notingLostAnswers(send)))).toBe(false);
});

test('what was never sent has not arrived', () => {
  expect(mayHaveArrived(networkError())).toBe(true);
  expect(mayHaveArrived(new PyrgosError('network', 'x', { data: { reason: 'unreachable' } }))).toBe(false);
  expect(mayHaveArrived(conflict())).toBe(false);
  expect(mayHaveArrived(unknownOutcome())).toBe(true);
});
