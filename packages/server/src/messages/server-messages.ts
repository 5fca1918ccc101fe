import { ServerMessage, ServerMessageType } from '@pyrgos/core/accounts';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ArgumentError, DeniedError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { SIGNED_REQUEST_WINDOW, SignedRequest } from '@pyrgos/core/keys';
import { MAX_MESSAGES_OF_USER, MAX_MESSAGES_PER_HOUR, MESSAGE_TIME_WINDOW_MS } from '../limits.js';
import type { Clock } from '../ports/clock.js';
import type { MessageService } from '../services.js';
import type { IdentityKeys } from '../space/identity-keys.js';
import type { QuotaTable } from '../space/quota-table.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { displayableMessages } from './conversations.js';
import type { MessageTable, UserMessage } from './message-table.js';

/** What {@link ServerMessages} needs. */
export interface ServerMessagesOptions {
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly identities: IdentityKeys;
  /** Who has an account here. */
  readonly quotas: QuotaTable;
  readonly table: MessageTable;
  readonly clock: Clock;
}

const RETRIEVE_PATH = 'peergos/v0/server-message/retrieve';

/**
 * The mailbox between the operator and each user (chapter 02 section 13, chapter 07 section 20). CryptoError, FormatError or DeniedError with the
 * texts of the chapters; NotFoundError for somebody without account here.
 */
export class ServerMessages implements MessageService {
  constructor(private readonly options: ServerMessagesOptions) {}

  async retrieve(username: string, auth: Uint8Array): Promise<readonly ServerMessage[]> {
    const { clock, crypto, identities, table } = this.options;
    const { key } = await identities.ofUser(username);
    const check = { path: RETRIEVE_PATH, now: clock.now(), allowedSeconds: SIGNED_REQUEST_WINDOW.normal };
    SignedRequest.verify(crypto, key, auth, check);
    return displayableMessages(table.facts(username)).flatMap(({ id }) => table.find(username, id) ?? []);
  }

  async send(username: string, signed: Uint8Array): Promise<void> {
    const { crypto, db, identities, table } = this.options;
    const { key } = await identities.ofUser(username);
    this.requireAccount(username);
    const message = ServerMessage.open(crypto, key, signed);
    switch (message.type) {
      case ServerMessageType.fromUser:
        this.takeFromUser(username, message);
        break;
      case ServerMessageType.dismiss:
        table.dismiss(username, message.id);
        break;
      case ServerMessageType.fromServer:
        throw new DeniedError('denied.message', 'Only the server sends messages of this type.');
    }
    await db.durable();
  }

  /**
   * A message of the operator; the id that it got. `replyTo`: a message of the user that is answered. At most 4096 UTF-16 units.
   * Durable when it resolves.
   */
  async sendToUser(username: string, body: string, replyTo?: number): Promise<number> {
    const { clock, db, table } = this.options;
    this.requireAccount(username);
    const now = clock.now();
    // For its checks of the text.
    ServerMessage.of({ id: -1, type: ServerMessageType.fromServer, sent: now, body, dismissed: false, replyTo });
    const id = db.transaction(() => {
      if (replyTo !== undefined && table.find(username, replyTo) === undefined) {
        throw new ArgumentError('replyTo', 'the user has no such message');
      }
      return table.add(username, { type: ServerMessageType.fromServer, sent: now, received: now, body, replyTo });
    });
    await db.durable();
    return id;
  }

  /** Everything between the operator and a user, in the order of storing. */
  conversationWith(username: string): ServerMessage[] {
    const { table } = this.options;
    return table.facts(username).flatMap(({ id }) => table.find(username, id) ?? []);
  }

  /** What users wrote since a time (ms since the epoch by our clock), oldest first, a bounded number. */
  newMessages(since: number): UserMessage[] {
    return this.options.table.fromUsersSince(since);
  }

  private takeFromUser(username: string, { body, replyTo, sent }: ServerMessage): void {
    const { clock, db, table } = this.options;
    const now = clock.now();
    if (Math.abs(now - sent) > MESSAGE_TIME_WINDOW_MS) throw new DeniedError('denied.message', 'Invalid send time on message!');
    const message = { type: ServerMessageType.fromUser, sent, received: now, body, replyTo };
    db.transaction(() => {
      // The signature does not expire within the hour; what arrives twice is one message.
      if (table.has(username, message)) return;
      if (table.countSince(username, now - MESSAGE_TIME_WINDOW_MS) > MAX_MESSAGES_PER_HOUR) {
        throw new PyrgosError('denied.message', 'Please wait before sending more messages!');
      }
      if (table.countOfUser(username) >= MAX_MESSAGES_OF_USER) {
        throw new PyrgosError('limit', 'The mailbox is full. Please contact the operator in another way.');
      }
      table.add(username, message);
    });
  }

  private requireAccount(username: string): void {
    if (this.options.quotas.get(username) === undefined) throw new NotFoundError('not-found.user', 'No such user on this server.');
  }
}
