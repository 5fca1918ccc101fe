import type { ServerMessage } from '@pyrgos/core/accounts';
import type { Signer } from '@pyrgos/core/keys';

/** Messages between a user and the operators of the server (chapter 02 section 13). */
export interface ServerMessages {
  /** Conversations whose last message is from the server and not dismissed, ordered by time. */
  retrieve(username: string, identity: Signer, signal?: AbortSignal): Promise<readonly ServerMessage[]>;
  /** Sends a message, or dismisses one. DeniedError `denied.message`. Never repeated. */
  send(username: string, message: ServerMessage, identity: Signer, signal?: AbortSignal): Promise<void>;
}
