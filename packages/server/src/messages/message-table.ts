import { ServerMessage, ServerMessageType, type ServerMessageTypeCode } from '@pyrgos/core/accounts';
import { utf8Decode, utf8Encode } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { MAX_LISTED_MESSAGES } from '../limits.js';
import { readBytes, readFlag, readInteger, readText } from '../sql/sql-values.js';
import type { SqlDatabase, SqlRow, SqlStatement } from '../sql/sql-database.js';

/** What decides about showing a message, without its text. */
export interface MessageFacts {
  readonly id: number;
  readonly type: number;
  /** ms since the epoch, by the sender's clock. */
  readonly sent: number;
  readonly isDismissed: boolean;
  /** The id of the message that this one answers. */
  readonly replyTo: number | undefined;
}

/** A message to store. */
export interface NewMessage {
  readonly type: ServerMessageTypeCode;
  readonly sent: number;
  readonly received: number;
  readonly body: string;
  readonly replyTo: number | undefined;
}

/** A message and whose it is. */
export interface UserMessage {
  readonly username: string;
  readonly message: ServerMessage;
}

const NO_PRIOR = -1;

function replyToOf(row: SqlRow): number | undefined {
  const prior = readInteger(row, 'prior_id');
  return prior === NO_PRIOR ? undefined : prior;
}

function messageOf(row: SqlRow): ServerMessage {
  const type = readInteger(row, 'type');
  const body = utf8Decode(readBytes(row, 'body'));
  if ((type !== ServerMessageType.fromServer && type !== ServerMessageType.fromUser) || body === undefined) {
    throw new PyrgosError('storage', 'The database has a message of an unknown kind. Restore a backup.');
  }
  return ServerMessage.of({
    id: readInteger(row, 'id'),
    type,
    sent: readInteger(row, 'sent'),
    body,
    dismissed: readFlag(row, 'is_dismissed'),
    replyTo: replyToOf(row),
  });
}

/** The table `messages`. */
export class MessageTable {
  private readonly selectFacts: SqlStatement;
  private readonly selectOne: SqlStatement;
  private readonly selectSince: SqlStatement;
  private readonly countRecent: SqlStatement;
  private readonly countFromUser: SqlStatement;
  private readonly selectSame: SqlStatement;
  private readonly insert: SqlStatement;
  private readonly dismissOne: SqlStatement;

  constructor(db: SqlDatabase) {
    this.selectFacts = db.prepare('SELECT id, type, sent, is_dismissed, prior_id FROM messages WHERE name = ? ORDER BY id');
    this.selectOne = db.prepare('SELECT id, type, sent, body, is_dismissed, prior_id FROM messages WHERE name = ? AND id = ?');
    this.selectSince = db.prepare(
      `SELECT name, id, type, sent, body, is_dismissed, prior_id FROM messages
       WHERE received >= ? AND type = ${ServerMessageType.fromUser} ORDER BY received, id LIMIT ${MAX_LISTED_MESSAGES}`,
    );
    this.countRecent = db.prepare('SELECT count(*) AS count FROM messages WHERE name = ? AND (sent > ? OR received > ?)');
    this.countFromUser = db.prepare(`SELECT count(*) AS count FROM messages WHERE name = ? AND type = ${ServerMessageType.fromUser}`);
    this.selectSame = db.prepare(
      'SELECT 1 AS found FROM messages WHERE name = ? AND type = ? AND sent = ? AND prior_id = ? AND body = ? LIMIT 1',
    );
    this.insert = db.prepare('INSERT INTO messages (name, type, sent, received, body, prior_id) VALUES (?, ?, ?, ?, ?, ?) RETURNING id');
    this.dismissOne = db.prepare('UPDATE messages SET is_dismissed = 1 WHERE name = ? AND id = ?');
  }

  /** All messages of a user in the order of storing, without texts. */
  facts(username: string): MessageFacts[] {
    return this.selectFacts.all(username).map((row) => ({
      id: readInteger(row, 'id'),
      type: readInteger(row, 'type'),
      sent: readInteger(row, 'sent'),
      isDismissed: readFlag(row, 'is_dismissed'),
      replyTo: replyToOf(row),
    }));
  }

  /** A message of a user, or undefined. */
  find(username: string, id: number): ServerMessage | undefined {
    const row = this.selectOne.get(username, id);
    return row === undefined ? undefined : messageOf(row);
  }

  /** What users wrote since a time (ms since the epoch), oldest first; at most MAX_LISTED_MESSAGES. */
  fromUsersSince(time: number): UserMessage[] {
    return this.selectSince.all(time).map((row) => ({ username: readText(row, 'name'), message: messageOf(row) }));
  }

  /** How many messages of a user, of both directions, have a time after `time`, by the sender's clock or by ours. */
  countSince(username: string, time: number): number {
    const row = this.countRecent.get(username, time, time);
    return row === undefined ? 0 : readInteger(row, 'count');
  }

  /** How many messages the user has written in all. */
  countOfUser(username: string): number {
    const row = this.countFromUser.get(username);
    return row === undefined ? 0 : readInteger(row, 'count');
  }

  /** Whether the same message is stored already. */
  has(username: string, { body, replyTo, sent, type }: NewMessage): boolean {
    return this.selectSame.get(username, type, sent, replyTo ?? NO_PRIOR, utf8Encode(body)) !== undefined;
  }

  /** Stores a message and returns its id. */
  add(username: string, { body, received, replyTo, sent, type }: NewMessage): number {
    const row = this.insert.get(username, type, sent, received, utf8Encode(body), replyTo ?? NO_PRIOR);
    if (row === undefined) throw new RangeError('the message was not stored');
    return readInteger(row, 'id');
  }

  /** Marks a message of this user as dismissed; false when the user has no such message. */
  dismiss(username: string, id: number): boolean {
    return this.dismissOne.run(username, id).changes > 0;
  }
}
