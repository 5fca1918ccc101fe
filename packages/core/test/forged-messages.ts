import { signDetached, type SigningKeyPair } from '../src/keys/signing-key.js';
import { MessageEnvelope, type MessageEnvelopeParts } from '../src/chat/message-envelope.js';
import { SignedMessage } from '../src/chat/signed-message.js';
import { TreeClock } from '../src/chat/tree-clock.js';
import type { MemoryChat } from './chat-world.js';

/** A message of somebody who keeps to no rule: what the honest program would send, with other parts, signed by the chat key or another one. */
export function forge(
  chat: MemoryChat,
  parts: Partial<MessageEnvelopeParts> = {},
  keys: SigningKeyPair = chat.privateState.chatKeys,
): SignedMessage {
  const { host, clock } = chat.state;
  const envelope = MessageEnvelope.of({
    author: host,
    payload: { kind: 'application', body: ['forged'] },
    previous: [],
    timestamp: clock.increment(host),
    time: 1_700_000_000_000,
    ...parts,
  });
  return SignedMessage.of(signDetached(chat.user.crypto, keys.secretKey, envelope.encode()), envelope);
}

/** The own clock with other counters; by default the author counts one more. */
export function clockOf(chat: MemoryChat, changes: ReadonlyMap<string, number> = new Map()): TreeClock {
  const { host, clock } = chat.state;
  const next = clock.increment(host);
  return TreeClock.of(next.entries().map(([id, counter]) => [id, changes.get(id.toString()) ?? counter] as const));
}
