import type { PyrgosError } from '@pyrgos/client';
import { printableName } from '../terminal.js';

/** What the client calls arguments has been typed by somebody: the same in words of theirs, for those that a command does not check itself. Otherwise the message. */
export function argumentText({ data, message }: PyrgosError): string {
  switch (data['reason']) {
    case 'username':
      return `nobody can have this name: ${afterColon(message)}`;
    case 'self':
      return 'that is your own name: name somebody else';
    case 'home':
      return 'that cannot be done with a home directory as a whole: name a file or directory in it';
    case 'system':
      return `the account itself needs the directory ${printableName(String(data['name']))}: it stays as it is. Take another place`;
    case 'published-above':
      return `everybody can read this because ${printableName(String(data['above']))} is published: unpublish that, or move this to somewhere else`;
    case 'file':
      return 'that is a file: name a directory';
    case 'backslash':
      return 'what is published cannot have a \\ in its path: rename it first';
    case 'other-user':
      return 'nothing can be moved to another user: copy it there, and remove it here';
    case 'password-length':
      return `this password is too long: take one of at most ${String(data['limit'])} characters`;
    default:
      return message;
  }
}

/** What a name may be, without the words for programmers in front. */
function afterColon(message: string): string {
  const parts = message.split(': ');
  return parts.length > 2 ? parts.slice(2).join(': ') : 'user names have letters, digits and few other characters, no blanks and no /';
}
