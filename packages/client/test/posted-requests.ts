import { BlindFollowRequest } from '@pyrgos/core/accounts';
import { type CborValue, cborMap } from '@pyrgos/core/codec';
import { PaddedAsymmetricCipherText, PaddingBlock } from '@pyrgos/core/containers';
import { BoxingKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability, EntryPoint } from '@pyrgos/core/model';
import type { UserSession } from '../src/user-session.js';
import type { ServerWorld } from './server-world.js';

/** What anybody can make and post who knows the names of users (chapter 06 section 3). */
export class PostedRequests {
  constructor(private readonly world: ServerWorld) {}

  /** A new key. */
  key(): SymmetricKey {
    return SymmetricKey.generate(this.world.crypto);
  }

  /** A place in the home writing space of a user where there is nothing, in any name. */
  entry({ account: { home } }: UserSession, name: string, isWritable = false): EntryPoint {
    const parts = { owner: home.owner, writer: home.writer, mapKey: this.world.crypto.randomBytes(32), rBaseKey: this.key() };
    return EntryPoint.of(AbsoluteCapability.of(isWritable ? { ...parts, wBaseKey: this.key() } : parts), name);
  }

  /** A request for a place, with a key of its own. */
  request(point: EntryPoint): CborValue {
    return message(point, this.key());
  }

  /** A request with any content, for a user. */
  sealed(content: CborValue, { account }: UserSession): BlindFollowRequest {
    const { crypto } = this.world;
    const { publicKey, secretKey } = BoxingKeyPair.generateFor(crypto, account.boxing.publicKey);
    const text = PaddedAsymmetricCipherText.seal(crypto, account.boxing.publicKey, secretKey, content, PaddingBlock.followRequest);
    return BlindFollowRequest.of(text, publicKey);
  }

  /** Posts a request to a user; false when their inbox is full. */
  async post(request: BlindFollowRequest, { account }: UserSession): Promise<boolean> {
    return this.world.network().social.sendFollowRequest(account.identity.publicKeyHash, request);
  }

  /** What is in the inbox of a user. */
  async inbox({ account }: UserSession): Promise<readonly BlindFollowRequest[]> {
    return this.world.network().social.getFollowRequests(account.identity);
  }
}

/** The content of a request or an answer. */
export function message(point: EntryPoint, key?: SymmetricKey): CborValue {
  return cborMap(
    key === undefined
      ? [['e', point.toCbor()]]
      : [
          ['e', point.toCbor()],
          ['k', key.toCbor()],
        ],
  );
}

/** An entry that leads nowhere, in any name. */
export function nullEntry(name: string): EntryPoint {
  return EntryPoint.of(AbsoluteCapability.null(), name);
}
