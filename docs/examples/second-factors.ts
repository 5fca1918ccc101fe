import { answerWithCode, connect, formatBackupCode, MfaType, type SecondFactorPrompt } from '@pyrgos/client';
import { totpCode } from '@pyrgos/client/session';

/** Sets up an authenticator app for an account and logs in with it, and with a backup code. Returns how many factors there are. */
export async function secondFactors(server: string, username: string, password: string): Promise<number> {
  const here = await connect(server);
  const session = await here.logIn({ username, password });

  // The user scans `uri` as a QR code. The app counts as soon as one of its codes was typed in here.
  const app = await session.secondFactors.addTotp();
  const shownByTheApp = async (): Promise<string> => totpCode(app.key, Math.floor(Date.now() / 1000));
  await session.secondFactors.enableTotp(app.credentialId, await shownByTheApp());

  // For the day on which the phone is lost: show them once.
  const backup = await session.secondFactors.generateBackupCodes();
  const [spare = ''] = backup.codes.map(formatBackupCode);
  session.close();

  // Whoever logs in is asked when the server wants a second factor; undefined means that the user does not want to. After a wrong code the
  // prompt is asked again, with `problem`, up to `secondFactorAttempts` times in all; without that the first wrong code ends the log-in.
  const shown: string[] = [];
  const asked: SecondFactorPrompt = async ({ methods, problem }) => {
    if (problem !== undefined) shown.push(problem);
    const method = methods.find(({ type }) => type === MfaType.totp);
    return method === undefined ? undefined : answerWithCode(method, problem === undefined ? '000 000' : await shownByTheApp());
  };
  (await here.logIn({ username, password, secondFactor: asked, secondFactorAttempts: 3 })).close();

  const inNeed: SecondFactorPrompt = async ({ methods }) => {
    const method = methods.find(({ type }) => type === MfaType.backupCodes);
    return method === undefined ? undefined : answerWithCode(method, spare);
  };
  const again = await here.logIn({ username, password, secondFactor: inNeed });
  const factors = await again.secondFactors.list();
  for (const { credentialId } of factors) await again.secondFactors.delete(credentialId);
  again.close();
  return factors.length;
}
