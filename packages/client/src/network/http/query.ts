import { isWellFormed } from '@pyrgos/core/bytes';
import { ArgumentError } from '@pyrgos/core/errors';

/** What servers can be told in a query: they decode it as a whole before they split it, so that no value can hold an ampersand. */
function encodeValue(name: string, value: string): string {
  if (value.includes('&') || !isWellFormed(value)) throw new ArgumentError(name, 'must be text without &');
  return encodeURIComponent(value);
}

/** The query of a call with its question mark, by chapter 02 section 2.2; parameters without a value are left out. */
export function formatQuery(parameters: readonly (readonly [name: string, value: string | undefined])[]): string {
  let text = '';
  for (const [name, value] of parameters) {
    if (value !== undefined) text += `${text === '' ? '?' : '&'}${name}=${encodeValue(name, value)}`;
  }
  return text;
}
