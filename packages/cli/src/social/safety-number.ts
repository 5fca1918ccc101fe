import type { CheckedSafetyNumber } from '@pyrgos/client';
import { commandName } from '../command-name.js';
import { ExitCode } from '../exit-code.js';
import { CommandEnd } from '../files/command-end.js';
import type { FilesContext } from '../files/files-context.js';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { usernameOf } from './recipients.js';

/** What is done with a safety number beside showing it. */
export interface SafetyNumberOptions {
  /** The digits that the other one sees: they count as compared when they are the same. */
  readonly matches?: string;
  /** It counts as compared no more. */
  readonly forget?: true;
}

/** Digits of a safety number, and of one group of them. */
const LENGTH = 60;
const GROUP = 5;

const STATUS: Readonly<Record<CheckedSafetyNumber['status'], string>> = {
  verified: 'You have compared this number.',
  unverified: 'This number was not compared yet.',
  changed: 'THE KEYS HAVE CHANGED since you compared: compare anew before you share anything more.',
};

/** Shows the number that both people see when nobody is in between, or compares it. CommandEnd with `damaged` when it is another one. */
export async function safetyNumber(
  { output, session, signal }: FilesContext,
  user: string,
  { forget, matches }: SafetyNumberOptions,
): Promise<void> {
  const username = usernameOf(user);
  const digits = matches?.replaceAll(/\s/gu, '');
  if (digits !== undefined && !/^\d+$/u.test(digits)) throw new UsageError('A safety number has digits only.');
  if (digits !== undefined && digits.length !== LENGTH)
    throw new UsageError(`A safety number has ${LENGTH} digits, and these are ${digits.length}.`);
  if (digits !== undefined && forget === true) throw new UsageError('Say either --matches or --forget.');
  const number = await session.identities.safetyNumber(username, { signal });
  const { display } = number.fingerprint;
  const name = printableName(username);
  if (forget === true) {
    await session.identities.setVerified(number, false, { signal });
    output.done(`The safety number with '${name}' counts as not compared.`, { event: 'forgotten', username });
    return;
  }
  if (digits === undefined) {
    const text = `${grouped(display)}\n${STATUS[number.status]} Ask '${name}' for theirs, face to face or by phone, then: ${commandName} safety-number ${name} --matches "THEIR DIGITS"`;
    output.result(number.status === 'verified' ? `${grouped(display)}\n${STATUS.verified}` : text, {
      username,
      safetyNumber: display,
      status: number.status,
      qr: String(number.fingerprint),
    });
    return;
  }
  if (digits !== display) {
    output.result(
      `NOT THE SAME. The keys that the server shows for '${name}' may not be theirs: share nothing that matters before you know why. Were all digits typed right?`,
      {
        event: 'different',
        username,
      },
    );
    throw new CommandEnd(ExitCode.damaged);
  }
  await session.identities.setVerified(number, true, { signal });
  output.done(`The same: '${name}' is verified.`, { event: 'verified', username });
}

function grouped(display: string): string {
  const groups = display.match(new RegExp(`\\d{1,${GROUP}}`, 'gu')) ?? [];
  return groups.join(' ');
}
