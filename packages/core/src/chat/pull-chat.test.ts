import { describe, expect, test } from 'vitest';
import { type MemoryChat, type MemoryUser, memoryUsers } from '../../test/chat-world.js';
import { clockOf, forge } from '../../test/forged-messages.js';
import { CryptoError, FormatError, LimitError, NotFoundError, type PyrgosError } from '../errors.js';
import { type ChatLogSource, pullChat, type PulledLog } from './pull-chat.js';
import type { SignedMessage } from './signed-message.js';

/** What keeps the logs of others from being read, and what does not (chapter 07 section 7.1). */

async function trio(): Promise<readonly [ada: MemoryChat, bob: MemoryChat, mallory: MemoryChat]> {
  const users = memoryUsers(['ada', 'bob', 'mallory']) as [MemoryUser, MemoryUser, MemoryUser];
  const [ada, bob, mallory] = users;
  const first = await ada.create();
  await first.update(async (replica) => replica.invite([bob.invitee, mallory.invitee]));
  const chats = [first, await first.copyTo(bob), await first.copyTo(mallory)] as const;
  for (let round = 0; round < 2; round++) for (const chat of chats) await chat.pull(...chats.filter((other) => other !== chat));
  return [...chats];
}

const say = async (chat: MemoryChat, text: string): Promise<SignedMessage> =>
  (await chat.update(async (replica) => replica.post({ kind: 'application', body: [text] }))).result;

const textsOf = (chat: MemoryChat): readonly unknown[] =>
  chat.messages.flatMap(({ envelope: { payload } }) => ('body' in payload ? payload.body : []));

const isDamage = (error: PyrgosError): boolean => error instanceof NotFoundError || error instanceof CryptoError;

/** As {@link MemoryChat.pull}; what waits for those whose logs cannot be read is the same for all. */
async function pull(chat: MemoryChat, holds: ChatLogSource['holds'], ...others: readonly MemoryChat[]): Promise<readonly PulledLog[]> {
  const { result } = await chat.update(async (replica) =>
    pullChat(
      replica,
      others.map((other) => ({ ...chat.sourceOf(replica, other), holds })),
      { isDamage },
    ),
  );
  return result;
}

describe('a gap that one reader has taken, while the log of its author cannot be read any more', () => {
  /** The second message of mallory is never shown to anybody; bob is shown the third one, and takes it. */
  async function withGap(error: PyrgosError): Promise<readonly [ada: MemoryChat, bob: MemoryChat, mallory: MemoryChat]> {
    const [ada, bob, mallory] = await trio();
    const id = mallory.state.host.toString();
    mallory.log.push(
      forge(mallory, { payload: { kind: 'application', body: ['third'] }, timestamp: clockOf(mallory, new Map([[id, 3]])) }),
    );
    for (let i = 0; i < 3; i++) await bob.pull(ada, mallory);
    await say(bob, 'honest');
    expect(textsOf(bob)).toEqual(['third', 'honest']);
    mallory.log.splice(mallory.log.length - 1, 1, error);
    return [ada, bob, mallory];
  }

  test.each([
    ['no message begins', new FormatError('format.chat', 'log', 'is no message')],
    ['a block is gone', new NotFoundError('not-found.block', 'The server does not have this block.', {})],
    ['what is there cannot be decrypted', new CryptoError('crypto.authentication', 'cannot be decrypted')],
  ])('does not stop the log of that reader where %s', async (_, error) => {
    const [ada, bob, mallory] = await withGap(error);
    expect(await pull(ada, 'all', bob, mallory)).toMatchObject([{ outcome: 'end' }, { outcome: 'damaged', error }]);
    expect(textsOf(ada)).toEqual(['third', 'honest']);
  });

  test('stops what comes after it where it may be read later, as long as that is waited for', async () => {
    const error = new LimitError('bytes', 2, 1);
    const [ada, bob, mallory] = await withGap(error);
    expect(await pull(ada, 'all', bob, mallory)).toMatchObject([{ outcome: 'waiting' }, { outcome: 'failed', error }]);
    expect(textsOf(ada)).toEqual([]);
    expect(await pull(ada, 'own', bob, mallory)).toMatchObject([{ outcome: 'waiting' }, { outcome: 'failed', error }]);
    expect(textsOf(ada)).toEqual(['honest']);
    expect(await pull(ada, 'none', bob, mallory)).toMatchObject([{ outcome: 'end' }, { outcome: 'failed', error }]);
    expect(textsOf(ada)).toEqual(['honest', 'third']);
  });
});

test('what is wrong with somebody whom a message is about is no damage of the log', async () => {
  const [ada, , mallory] = await trio();
  const [, , , dan] = memoryUsers(['a', 'b', 'c', 'dan']) as [MemoryUser, MemoryUser, MemoryUser, MemoryUser];
  await mallory.update(async (replica) => replica.invite([dan.invitee]));
  await say(mallory, 'after that');
  ada.isIdentityOf = async () => Promise.reject(new FormatError('format.cbor', 'chain', 'is malformed'));
  expect(await pull(ada, 'all', mallory)).toMatchObject([{ outcome: 'failed', error: { code: 'format.cbor' } }]);
  ada.isIdentityOf = async () => true;
  expect(await pull(ada, 'all', mallory)).toMatchObject([{ outcome: 'end', applied: 2 }]);
});
