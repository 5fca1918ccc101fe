import { NotFoundError, type ProfileTextName, type Recipient } from '@pyrgos/client';
import { MAX_PROFILE_PICTURE_SIZE } from '@pyrgos/core/limits';
import { commandName } from '../command-name.js';
import type { FilesContext } from '../files/files-context.js';
import { writeNewFile } from '../files/new-file.js';
import { formatTable, printableMessage, printableName } from '../terminal.js';
import { localPicture } from './local-picture.js';
import { recipientText, usernameOf } from './recipients.js';
import { asTyped } from './typed-limit.js';

/** The fields that the command can set: texts, and the picture. */
export const profileTexts: readonly ProfileTextName[] = ['firstname', 'lastname', 'bio', 'status', 'phone', 'email'];
export type ProfileFieldName = ProfileTextName | 'photo';

/** Prints what can be seen of a user; of the account itself also who sees which field. */
export async function showProfile(context: FilesContext, user: string | undefined): Promise<void> {
  const { output, session, signal } = context;
  const username = user === undefined ? session.username : usernameOf(user);
  const isOwn = username === session.username;
  const { damaged, hasPhoto, texts } = await session.profiles.read(username, { signal });
  // Of somebody who shows nothing it is not known yet whether there is such a person.
  if (!isOwn && texts.size === 0 && !hasPhoto && damaged.size === 0) await session.identities.safetyNumber(username, { signal });
  const rows: string[][] = [['username', printableName(username), '']];
  const audiences = new Map<string, readonly Recipient[]>();
  const seenBy = async (field: ProfileFieldName): Promise<string> => {
    if (!isOwn) return '';
    const recipients = await session.profiles.audience(field, { signal });
    audiences.set(field, recipients);
    return recipients.length === 0 ? '(seen by nobody else)' : `(seen by ${recipients.map(recipientText).map(printableName).join(', ')})`;
  };
  for (const field of profileTexts) {
    const text = texts.get(field);
    if (text !== undefined) rows.push([field, printableName(text), await seenBy(field)]);
  }
  if (hasPhoto)
    rows.push(['photo', `${commandName} profile photo FILE${isOwn ? '' : ` --of ${printableName(username)}`}`, await seenBy('photo')]);
  output.result(
    formatTable(rows)
      .map((row) => row.trimEnd())
      .join('\n'),
    {
      username,
      fields: Object.fromEntries(profileTexts.flatMap((field) => (texts.has(field) ? [[field, texts.get(field)]] : []))),
      hasPhoto,
      ...(isOwn ? { audiences: Object.fromEntries(audiences) } : {}),
    },
  );
  for (const [field, error] of damaged) output.problem(field, error);
}

/** Sets a field of the own profile: `text` undefined leaves it, an empty one takes it away. */
export async function setProfile(context: FilesContext, field: ProfileFieldName, text: string | undefined): Promise<void> {
  const { output, session, signal } = context;
  if (text === undefined) return;
  if (field === 'photo') await session.profiles.setPhoto(text === '' ? undefined : { photo: await photoAt(context, text) }, { signal });
  else {
    await session.profiles.setText(field, text, { signal }).catch(asTyped);
  }
  output.done(text === '' ? `${field} is not shown any more, and nobody else sees what you set there next.` : `${field} is set.`, {
    event: 'profile-set',
    field,
  });
}

/** Says who sees a field of the own profile. */
export async function setAudience(context: FilesContext, field: ProfileFieldName, recipients: readonly Recipient[]): Promise<void> {
  const { output, session, signal } = context;
  for (const one of field === 'photo' ? (['photo', 'highres'] as const) : [field])
    await session.profiles.setAudience(one, recipients, { signal });
  const names = recipients.map(recipientText).map(printableName).join(', ');
  output.done(recipients.length === 0 ? `Nobody else sees ${field}.` : `${field} is seen by ${names}.`, {
    event: 'audience-set',
    field,
    recipients,
  });
}

/** Stores the picture of a user in a new file of this machine. NotFoundError when there is none to be seen; ConflictError when there is something already. */
export async function savePhoto(context: FilesContext, user: string | undefined, local: string): Promise<void> {
  const { output, session, signal } = context;
  const username = user === undefined ? session.username : usernameOf(user);
  const target = context.local(local);
  const bytes = await session.profiles.photo(username, { signal });
  if (bytes === undefined)
    throw new NotFoundError('not-found.recipient', `There is no picture of '${printableName(username)}' to be seen.`, {});
  await writeNewFile(target, [bytes]);
  output.done(`The picture of '${printableName(username)}' is in ${printableMessage(printableName(target))}`, {
    event: 'downloaded',
    username,
    local: target,
  });
}

async function photoAt(context: FilesContext, path: string): Promise<Uint8Array> {
  return (await localPicture(context, path, 'the picture of a profile', MAX_PROFILE_PICTURE_SIZE)).bytes;
}
