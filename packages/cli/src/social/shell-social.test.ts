import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noTerminal, PseudoTerminal } from '../../test/pseudo-terminal.js';
import { TwoPeople } from '../../test/two-people.js';

describe('people in the shell (chapter 09 section 5.3)', () => {
  let people: TwoPeople;
  const terminals: PseudoTerminal[] = [];
  beforeAll(async () => {
    people = await TwoPeople.start();
    await people.ada.files.write('/ada/album/a.txt', 'a', { parents: true });
    await people.ada.files.write('/ada/b.txt', 'b');
  });
  afterEach(() => {
    for (const terminal of terminals.splice(0)) terminal.kill();
  });
  afterAll(async () => people?.stop());

  test('its commands and texts', async () => {
    const first = await people.asAda(['shell'], {
      input: [
        'get_follow_requests',
        'share_read b.txt bob',
        'process_follow_request',
        'process_follow_request bob maybe',
        'process_follow_request bob accept',
        'follow nobody',
      ].join('\n'),
    });
    expect(first.stdout).toBe('No pending follow requests.\n');
    expect(first.stderr.split('\n')).toEqual([
      expect.stringMatching(/^pyrgos: File not shared: specified-user bob is not following you/u),
      'pyrgos: Specify a user',
      expect.stringMatching(/^pyrgos: Could not parse process-action 'maybe'/u),
      "pyrgos: Could not process request from 'bob' - they haven't sent you a follow-request.",
      'Failed to execute process_follow_request',
      'Failed to send follow request',
      expect.stringContaining('pyrgos: '),
      'Failed to execute follow',
      '',
    ]);
    const bob = await people.asBob(['shell'], { input: 'follow ada\n' });
    expect([bob.stdout, bob.status]).toEqual(["Sent follow request to 'ada'\n", 0]);
    const second = await people.asAda(['shell'], {
      input: [
        'get_follow_requests',
        'process_follow_request bob accept-and-reciprocate',
        'share_read b.txt bob',
        'share_write album bob',
        'make_public album',
        'make_private album',
        'shared',
        'unshare b.txt bob',
      ].join('\n'),
    });
    expect(second.stderr).toBe('');
    expect(second.stdout.split('\n')).toEqual([
      'You have pending follow requests from the following users:',
      'bob',
      "Processed follow request from 'bob' with accept-and-reciprocate action.",
      "Shared read-access to file '/ada/b.txt' with bob",
      "Shared write-access to directory '/ada/album' with bob, including everything it contains.",
      "Made directory '/ada/album' public, including everything it contains.",
      `Anyone can now read it at ${people.world.server}/public/ada/album`,
      "'/ada/album' is private again, with new keys. Its shares and links have ended, too.",
      'to    bob               read   /ada/b.txt',
      "bob cannot open '/ada/b.txt' any more. It has new keys.",
      '',
    ]);
  });

  test('Tab completes people and answers', async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal);
    const terminal = PseudoTerminal.start(['shell'], people.world.environment, people.world.folder);
    terminals.push(terminal);
    const prompt = `ada@${new URL(people.world.server).host} > `;
    await terminal.sees(prompt);
    for (const [typed, completed] of [
      ['follow bo\t', 'follow bob'],
      ['share_read b.txt b\t', 'share_read b.txt bob'],
      ['process_follow_request bob rej\t', 'process_follow_request bob reject'],
      ['unfollow b\t', 'unfollow bob'],
    ] as const) {
      terminal.type(typed);
      await terminal.sees(completed);
      terminal.type('\u0003');
      await terminal.sees(prompt);
    }
    terminal.type('exit\r');
    expect(await terminal.end()).toBe(0);
  });
});
