import { DeniedError, NotFoundError } from '@pyrgos/client';
import type { FilesContext } from '../files/files-context.js';
import type { ShellCommand } from '../files/shell-command.js';
import { printableName, printLine } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { answerRequest, follow, listFriends, removeFollower, type RequestAction, requestActions, unblock, unfollow } from './friends.js';
import { createLink, listLinks } from './links.js';
import { showProfile } from './profile.js';
import { usernameOf } from './recipients.js';
import { safetyNumber } from './safety-number.js';
import { type Access, everybodyAt, listShared, publish, share, unpublish, unshare } from './share.js';

const people = (
  name: string,
  description: string,
  completion: 'user' | 'follower' | 'friend' | 'blocked',
  work: (context: FilesContext, user: string) => Promise<void>,
): [string, ShellCommand] => [
  name,
  {
    usage: `${name} user`,
    description,
    counts: [1, 1],
    flags: [],
    completions: [completion],
    run: async ({ context }, [user = '']) => work(context, user),
  },
];

const sharing = (access: Access, description: string): [string, ShellCommand] => [
  `share_${access}`,
  {
    usage: `share_${access} path user`,
    description,
    counts: [2, 2],
    flags: [],
    completions: ['remote', 'follower'],
    run: async ({ context }, [path = '', user = '']) => shareWithUser(context, path, user, access),
  },
];

/** The commands of the shell about other people: those of chapter 09 section 5.3, and ours. */
export const socialShellCommands: readonly (readonly [string, ShellCommand])[] = [
  [
    'get_follow_requests',
    {
      usage: 'get_follow_requests',
      description: 'list who wants to follow you',
      counts: [0, 0],
      flags: [],
      completions: [],
      run: async ({ context }) => listRequesters(context),
    },
  ],
  [
    'process_follow_request',
    {
      usage: 'process_follow_request user action',
      description: `answer a follow request: ${requestActions.join(' | ')}`,
      counts: [0, 2],
      flags: [],
      completions: ['requester', 'action'],
      run: async ({ context }, [user, action]) => processRequest(context, user, action),
    },
  ],
  [
    'follow',
    {
      usage: 'follow user',
      description: 'ask a user whether you may follow them',
      counts: [1, 1],
      flags: [],
      completions: ['user'],
      run: async ({ context }, [user = '']) => {
        try {
          await follow(context, user);
        } catch (error) {
          process.stderr.write('Failed to send follow request\n');
          throw error;
        }
      },
    },
  ],
  people('unfollow', 'see nothing of a user any more', 'friend', unfollow),
  people('unblock', 'take unfollow back', 'blocked', unblock),
  people('remove_follower', 'end that a user follows you', 'follower', removeFollower),
  [
    'friends',
    {
      usage: 'friends',
      description: 'list friends and followers',
      counts: [0, 0],
      flags: [],
      completions: [],
      run: async ({ context }) => listFriends(context),
    },
  ],
  people('safety_number', 'the number that you and a user both see', 'friend', async (context, user) => safetyNumber(context, user, {})),
  sharing('read', 'let a follower read a file or directory'),
  sharing('write', 'let a follower change a file or directory'),
  [
    'unshare',
    {
      usage: 'unshare path [user]',
      description: 'end sharing with a user, or with everybody',
      counts: [1, 2],
      flags: [],
      completions: ['remote', 'follower'],
      run: async ({ context }, [path = '', user]) =>
        unshare(context, path, user === undefined ? await everybodyAt(context, path) : [{ user: usernameOf(user) }], undefined),
    },
  ],
  [
    'shared',
    {
      usage: 'shared [path]',
      description: 'list what you share, and what is shared with you',
      counts: [0, 1],
      flags: [],
      completions: ['remote'],
      run: async ({ context }, [path]) => listShared(context, path, {}),
    },
  ],
  [
    'link',
    {
      usage: 'link [--write] path',
      description: 'make a secret link and print it',
      counts: [1, 1],
      flags: ['--write'],
      completions: ['remote'],
      run: async ({ context }, [path = ''], flags) => createLink(context, path, { writable: flags.has('--write') }),
    },
  ],
  [
    'links',
    {
      usage: 'links [path]',
      description: 'list secret links',
      counts: [0, 1],
      flags: [],
      completions: ['remote'],
      run: async ({ context }, [path]) => listLinks(context, path, false),
    },
  ],
  [
    'make_public',
    {
      usage: 'make_public path',
      description: 'let everybody read a file or directory',
      counts: [1, 1],
      flags: [],
      completions: ['remote'],
      run: async ({ context }, [path = '']) => makePublic(context, path),
    },
  ],
  [
    'make_private',
    {
      usage: 'make_private path',
      description: 'take make_public back',
      counts: [1, 1],
      flags: [],
      completions: ['remote'],
      run: async ({ context }, [path = '']) => unpublish(context, path),
    },
  ],
  [
    'profile',
    {
      usage: 'profile [user]',
      description: 'print your profile, or what you can see of somebody',
      counts: [0, 1],
      flags: [],
      completions: ['friend'],
      run: async ({ context }, [user]) => showProfile(context, user),
    },
  ],
];

async function listRequesters({ session, signal }: FilesContext): Promise<void> {
  const requests = await session.friends.requests({ signal });
  if (requests.length === 0) {
    printLine('No pending follow requests.');
    return;
  }
  printLine('You have pending follow requests from the following users:');
  for (const { username } of requests) printLine(printableName(username));
}

async function processRequest(context: FilesContext, user: string | undefined, text: string | undefined): Promise<void> {
  if (user === undefined) throw new UsageError('Specify a user');
  const action = requestActions.find((known): known is RequestAction => known === text);
  if (action === undefined) throw new UsageError(`Could not parse process-action '${text ?? ''}': say ${requestActions.join(', ')}`);
  await answerRequest(context, user, action);
}

async function shareWithUser(context: FilesContext, path: string, user: string, access: Access): Promise<void> {
  try {
    await share(context, path, [{ user: usernameOf(user) }], access);
  } catch (error) {
    // The person named the wrong one: the command has not failed.
    if (error instanceof NotFoundError && error.code === 'not-found.recipient') throw new UsageError(error.message);
    if (error instanceof DeniedError && error.code === 'denied.file') throw new UsageError(error.message);
    throw error;
  }
}

async function makePublic(context: FilesContext, path: string): Promise<void> {
  const { isDirectory, path: target, url } = await publish(context, path);
  printLine(
    `Made ${isDirectory ? 'directory' : 'file'} '${printableName(target)}' public${isDirectory ? ', including everything it contains' : ''}.`,
  );
  printLine(`Anyone can now read it at ${url}`);
}
