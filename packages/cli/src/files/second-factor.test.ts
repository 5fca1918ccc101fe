import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { totpCode } from '@pyrgos/client/session';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FilesWorld } from '../../test/files-world.js';

let world: FilesWorld;
let backupCodes: string[];
let appKey: Uint8Array;
beforeAll(async () => {
  world = await FilesWorld.start();
  const { secondFactors } = world.session;
  const app = await secondFactors.addTotp();
  appKey = app.key;
  await secondFactors.enableTotp(app.credentialId, await appCode());
  backupCodes = [...(await secondFactors.generateBackupCodes()).codes];
  for (const [name, text] of [
    ['weak', 'ada'],
    ['first', 'eleven quiet rivers under glass'],
    ['second', 'nine copper kettles beyond noon'],
  ] as const)
    writeFileSync(join(world.folder, name), `${text}\n`);
});
afterAll(async () => world.stop());

const appCode = async (): Promise<string> => totpCode(appKey, Math.floor(Date.now() / 1000));
const nextBackupCode = (): string => backupCodes.pop() ?? '';

test('a backup code logs in once, and what is said of a used one is no advice for an app', async () => {
  const code = nextBackupCode();
  expect((await world.run(['stat', '/ada', '--totp', code])).status).toBe(0);
  const again = await world.run(['stat', '/ada', '--totp', code]);
  expect(again).toMatchObject({ status: 4, stderr: expect.stringContaining('was used before') });
  expect(again.stderr).not.toMatch(/next code|clock/);
  expect((await world.run(['stat', '/ada', '--totp', '000000'])).stderr).toContain('Wait for the next code');
});

test('a new password takes two backup codes, and none is used up before that is sure', async () => {
  const [one, two] = [nextBackupCode(), nextBackupCode()];
  const passwd = async (name: string, ...codes: string[]): ReturnType<FilesWorld['run']> =>
    world.run(['passwd', '--new-password-file', name, ...codes.flatMap((code) => ['--totp', code])]);
  expect(await passwd('first', one)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('--totp twice') });
  expect(await passwd('first', one, one)).toMatchObject({ status: 2, stderr: expect.stringContaining('--totp twice') });
  expect(await passwd('weak', one, two)).toMatchObject({ status: 4, stderr: expect.stringContaining('password') });
  expect(await passwd('first', one, two)).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('a code of the app does for both questions of a new password', async () => {
  const args = ['passwd', '--password-file', 'first', '--new-password-file', 'second', '--totp', await appCode()];
  expect(await world.run(args)).toEqual({ status: 0, stdout: '', stderr: '' });
});
