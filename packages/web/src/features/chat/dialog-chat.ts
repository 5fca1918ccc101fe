import type { ChatRow } from '../../engine/chat-calls.js';

/** What the dialogs have to know of a chat. */
export interface DialogChat extends ChatRow {
  /** What it is called: its title, or the people in it. */
  readonly name: string;
}
