import type { TextFunction } from './text.js';

/** What is said of something that can be nobody's user name, wherever it was typed: the rules are the same everywhere. */
export function usernameProblemText(text: TextFunction): string {
  return text('username.bad', { rules: text('username.rules') });
}
