import { faultText } from '../../app/fault-text.js';
import { EngineError } from '../../engine/engine-fault.js';
import type { FollowResult } from '../../engine/social-calls.js';
import type { TextFunction } from '../../i18n/text.js';
import { usernameProblemText } from '../../i18n/username-problem.js';

/** What came of asking somebody whether one may follow them. */
export function followResultText(result: FollowResult, username: string, text: TextFunction): string {
  return result === 'no-name' ? usernameProblemText(text) : text(`people.add.${result}`, { name: username });
}

/** What a person reads of an error that came of a call about somebody else. */
export function peopleFaultText(error: unknown, username: string, text: TextFunction): string {
  if (!(error instanceof EngineError)) return faultText(error, text);
  switch (error.code) {
    case 'not-found.user':
      return text(error.data['deleted'] === true ? 'people.error.deleted' : 'people.error.unknown', { name: username });
    case 'not-found.key':
      return text('people.error.noKey', { name: username });
    case 'denied.request':
      return text('people.error.inbox', { name: username });
    case 'denied.chain':
      return text('people.error.chain', { name: username });
    default:
      return faultText(error, text);
  }
}
