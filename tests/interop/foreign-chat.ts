/**
 * The chats of a client that nobody here wrote, for tests. The environment variable PYRGOS_FOREIGN_CHAT names a program of which is expected:
 *   CHAT URL NAME      stays signed in; the password is the first line of its standard input, each further line is a command: fields
 *                      separated by tabs, in which \\, \t and \n stand for backslash, tab and new line
 * It says one line of JSON when it is signed in, and one for each command: `{"ok":true,…}` or `{"ok":false,"error":"…"}`.
 *   follow NAME · accept                        asks somebody; accepts everybody who asked, and follows them back
 *   create · invitations · join PATH · chats    the path of an invitation is that of the shared directory of the inviter
 *   invite CHAT NAME…  · merge CHAT [NAME] · state CHAT · messages CHAT [FROM [TO]]
 *   send CHAT TEXT · burst CHAT TEXT COUNT · attach CHAT TEXT (EXTENSION FILE)… · reply CHAT INDEX TEXT (EXTENSION FILE)…
 *   edit CHAT INDEX TEXT · delete CHAT INDEX    an index is the place in the own log
 *   media CHAT INDEX                            hashes of the attachments: of the own copy, and as read through the capability
 *   title CHAT TEXT · property CHAT KEY VALUE · admin CHAT NAME · unadmin CHAT NAME · remove CHAT NAME · drop CHAT
 *   fetch PATH FILE                             a file of the space, onto the disk
 *   recode state|private|log FILE FILE          decodes a file and writes what its encoder makes of that; `same` says whether the bytes are equal
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { foreignClientMissing, isForeignClientThere } from './foreign-programs.js';

/** The program, or an empty text. */
const foreignChat: string = process.env['PYRGOS_FOREIGN_CHAT'] ?? '';
/** Whether it is there, and the programs with which its users sign up and befriend. */
export const isForeignChatThere: boolean = isForeignClientThere && existsSync(foreignChat);
/** Why tests are skipped, for their titles; empty when they are not. */
export const foreignChatMissing: string = isForeignChatThere
  ? ''
  : foreignClientMissing || ' (needs the chats of a foreign client: PYRGOS_FOREIGN_CHAT)';

/** A message as the foreign client reads it in its own log. */
export interface ForeignMessage {
  readonly index: number;
  /** The username behind the member who wrote it. */
  readonly author: string | null;
  readonly id: string;
  readonly ref: string;
  readonly time: number;
  readonly previous: readonly string[];
  readonly kind: 'join' | 'invite' | 'application' | 'group-state' | 'reply' | 'delete' | 'edit' | 'remove-member';
  readonly text?: string;
  readonly files?: readonly string[];
  /** What is answered, edited or deleted. */
  readonly to?: string;
  readonly username?: string | null;
  readonly member?: string;
  readonly key?: string;
  readonly value?: string;
}

/** What the foreign client holds of a chat. */
export interface ForeignState {
  readonly chat: string;
  readonly title: string;
  readonly admins: readonly string[];
  /** Members that are neither removed nor taken for gone. */
  readonly names: readonly string[];
  readonly pending: readonly string[];
  /** Members whose copy could not be read. */
  readonly gone: readonly string[];
  readonly host: string;
  readonly clock: readonly (readonly [id: string, counter: number])[];
  readonly members: readonly {
    readonly username: string;
    readonly id: string;
    readonly invited: number;
    readonly merged: number;
    readonly removed: boolean;
    readonly joined: boolean;
  }[];
  /** Messages in its log. */
  readonly length: number;
}

/** An attachment as the foreign client reads it: base58 multihashes, null for what could not be read. */
export interface ForeignMedia {
  readonly path: string;
  readonly local: string | null;
  readonly origin: string | null;
  readonly hash: string;
}

type Answer = { readonly ok: boolean; readonly error?: string } & Readonly<Record<string, unknown>>;

/** Somebody who is signed in with the foreign client. */
export class ForeignChatter {
  private constructor(
    readonly username: string,
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string, unknown>,
  ) {}

  /** Signs in; rejects with what the program said when it cannot. */
  static async signIn(server: string, username: string, password: string, home: string): Promise<ForeignChatter> {
    const child = spawn(foreignChat, [server, username], { cwd: home, env: { ...process.env, HOME: home }, stdio: 'pipe' });
    let errors = '';
    child.stderr.on('data', (data: Buffer) => (errors += data.toString('utf8')));
    const chatter = new ForeignChatter(username, child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
    child.stdin.write(`${password}\n`);
    await chatter.answer().catch((error: unknown) => {
      throw new Error(errors, { cause: error });
    });
    return chatter;
  }

  /** Ends the program. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.stdin.end();
    await ended;
  }

  /** Runs a command; rejects with what went wrong. One at a time. */
  async do(...fields: readonly string[]): Promise<Answer> {
    const escaped = fields.map((field) => field.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n'));
    this.child.stdin.write(`${escaped.join('\t')}\n`);
    const answer = await this.answer();
    if (!answer.ok) throw new Error(`${fields[0]} of ${this.username}: ${answer.error}`);
    return answer;
  }

  async state(chat: string): Promise<ForeignState> {
    return (await this.do('state', chat)) as unknown as ForeignState;
  }

  async messages(chat: string): Promise<readonly ForeignMessage[]> {
    return (await this.do('messages', chat))['messages'] as readonly ForeignMessage[];
  }

  /** Makes a chat; its id. */
  async create(): Promise<string> {
    return (await this.do('create'))['chat'] as string;
  }

  /** The paths at which it was invited to chats. */
  async invitations(): Promise<readonly { readonly from: string; readonly path: string }[]> {
    return (await this.do('invitations'))['invitations'] as readonly { from: string; path: string }[];
  }

  async media(chat: string, index: number): Promise<readonly ForeignMedia[]> {
    return (await this.do('media', chat, String(index)))['media'] as readonly ForeignMedia[];
  }

  /** Joins the chat to which somebody invited. */
  async join(chat: string, inviter: string): Promise<void> {
    const path = `/${inviter}/.messaging/${chat}/shared`;
    const found = (await this.invitations()).some((invitation) => invitation.path.replace(/^\/?/, '/') === path);
    if (!found) throw new Error(`${this.username} finds no invitation of ${inviter}`);
    await this.do('join', path);
  }

  private async answer(): Promise<Answer> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error(`the program of ${this.username} has ended`);
    return JSON.parse(value) as Answer;
  }
}
