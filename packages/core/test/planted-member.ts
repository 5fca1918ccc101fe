import { loadCrypto } from '../src/crypto/index.js';
import { OwnerProof } from '../src/keys/owner-proof.js';
import { SigningKeyPair } from '../src/keys/signing-key.js';
import type { MemberId } from '../src/chat/member-id.js';
import type { MessagePayload } from '../src/chat/message-payload.js';
import type { SignedMessage } from '../src/chat/signed-message.js';
import { type ClockEntry, TreeClock } from '../src/chat/tree-clock.js';
import type { MemoryChat } from './chat-world.js';
import { clockOf, forge } from './forged-messages.js';

const crypto = await loadCrypto();

/** A member whom somebody invents who keeps to no rule, with keys of their own, under any name. */
export class PlantedMember {
  readonly keys = SigningKeyPair.generate(crypto);
  private readonly chatKeys = SigningKeyPair.generate(crypto);
  private count = 0;

  constructor(
    readonly username: string,
    readonly id: MemberId,
    private readonly base: MemoryChat,
  ) {}

  /** By whom it is invented, as the `counter`-th message of that member. */
  invite(counter: number): SignedMessage {
    const payload = { kind: 'invite', username: this.username, identity: this.keys.publicKey.hash, member: this.id } as const;
    return forge(this.base, { payload, timestamp: clockOf(this.base, new Map([[this.base.state.host.toString(), counter]])) });
  }

  join(): SignedMessage {
    const proof = OwnerProof.create(crypto, this.keys.signer, this.chatKeys.publicKey.hash);
    const { username, keys, chatKeys } = this;
    const payload = { kind: 'join', username, identity: keys.publicKey.hash, chatKey: chatKeys.publicKey, proof } as const;
    return this.sign(payload, [], keys);
  }

  /** A message, which claims to have seen `seen`. */
  say(payload: MessagePayload, seen: readonly ClockEntry[] = []): SignedMessage {
    return this.sign(payload, seen, this.chatKeys);
  }

  private sign(payload: MessagePayload, seen: readonly ClockEntry[], keys: SigningKeyPair): SignedMessage {
    this.count++;
    return forge(this.base, { author: this.id, payload, timestamp: TreeClock.of([[this.id, this.count], ...seen]) }, keys);
  }
}
