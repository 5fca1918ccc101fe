import type { UserSession } from '@pyrgos/client';
import { buildLog, ChatReplica, ChatState, PrivateChatState, readLogItem, type SignedMessage } from '@pyrgos/core/chat';
import { signDetached } from '@pyrgos/core/keys';

/** What is written. */
export interface FilledWith {
  /** `message 0 of many …` and so on unless it is given. */
  readonly text?: (i: number) => string;
  /** Milliseconds between two messages, the newest of which is of now; 0 unless it is given. */
  readonly pause?: number;
}

/** Adds messages of an account to its copy of a chat as many commits would have left them: one for each would take minutes. Nobody else may change the copy meanwhile. */
export async function fillChat({ account, files }: UserSession, chatId: string, count: number, filledWith: FilledWith = {}): Promise<void> {
  const { clock, crypto, identity, username } = account;
  const { text = (i) => `message ${i} of many, as long as messages are`, pause = 0 } = filledWith;
  const root = `${files.homePath}/.messaging/${chatId}`;
  const paths = {
    log: `${root}/shared/peergos-chat-messages.cborstream`,
    index: `${root}/shared/peergos-chat-messages.index.bin`,
    state: `${root}/shared/peergos-chat-state.cbor`,
    privateState: `${root}/private-chat-state.cbor`,
  };
  const before = messagesIn(await files.read(paths.log));
  let time = clock.now() - count * pause;
  const replica = new ChatReplica({
    crypto,
    state: ChatState.decode(await files.read(paths.state)),
    privateState: PrivateChatState.decode(crypto, await files.read(paths.privateState)),
    identity: { username, key: identity.publicKeyHash, sign: async (bytes) => signDetached(crypto, identity.secretKey, bytes) },
    now: () => (time += pause),
    logLength: before.length,
    last: before.at(-1)?.ref(crypto),
  });
  for (let i = 0; i < count; i++) await replica.post({ kind: 'application', body: [text(i)] });
  const { appended, state } = replica.changes;
  const { index, log } = buildLog([...before, ...appended].map((message) => message.encode()));
  await files.write(paths.log, log);
  await files.write(paths.index, index);
  await files.write(paths.state, state.encode());
}

function messagesIn(log: Uint8Array): SignedMessage[] {
  const messages: SignedMessage[] = [];
  for (let item = readLogItem(log, 0); item !== undefined; item = readLogItem(log, item.end)) {
    if (item.message === undefined) throw new Error('a message is not understood');
    messages.push(item.message);
  }
  return messages;
}
