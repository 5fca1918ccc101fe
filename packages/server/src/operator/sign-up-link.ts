import type { InviteLink, Operator } from './operator.js';

/**
 * The sign-up link to show at a start. Until somebody has signed up there is always one: the oldest unused, or a new one. Later a start shows none,
 * because whoever runs the server makes links when they are wanted; unless `generate-token` asks for one whenever none is unused.
 */
export async function signUpLinkAtStart(operator: Operator, generateToken: boolean): Promise<InviteLink | undefined> {
  const unused = await operator.listTokens();
  const hasUsers = (await operator.listUsers()).some(({ used }) => used !== undefined);
  if (hasUsers && (!generateToken || unused.length > 0)) return undefined;
  return unused[0] ?? (await operator.createTokens(1))[0];
}
