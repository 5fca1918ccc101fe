/**
 * One client as a process of its own, so that its peak of memory is its own. Gets a {@link ClientJob} as JSON in its first argument and
 * sends its parent a {@link ClientReport}; the job `sign-up` makes the account of all others and sends a {@link ClientAccount}.
 */
import { connect, type UserSession } from '@pyrgos/client';
import { sealSession } from '@pyrgos/client/session';
import { SymmetricKey } from '@pyrgos/core/keys';
import { benchAccount } from './client-account.js';
import { benchChat } from './client-chat.js';
import { benchFeed } from './client-feed.js';
import type { ClientAccount, ClientJob, ClientJobName, ClientReport, SessionJob } from './client-job.js';
import { benchLargeDownload, benchLargeUpload, benchSeek } from './client-large-file.js';
import { benchDirectories, benchList, benchSmallUpload } from './client-small-files.js';
import { benchSocial } from './client-social.js';
import type { Measurement } from './measure.js';

/** Jobs that make accounts of their own. */
const serverJobs = new Map<ClientJobName, (url: string) => Promise<readonly Measurement[]>>([
  ['account', benchAccount],
  ['feed', benchFeed],
  ['social', benchSocial],
  ['chat', benchChat],
]);

const sessionJobs = new Map<ClientJobName, SessionJob>([
  ['directories', benchDirectories],
  ['upload-small', benchSmallUpload],
  ['list', benchList],
  ['upload-large', benchLargeUpload],
  ['download-large', benchLargeDownload],
  ['seek', benchSeek],
]);

async function signUp(url: string): Promise<ClientAccount> {
  const session = await (await connect(url)).signUp({ username: 'bench', password: 'nine copper kettles singing after dark' });
  const deviceKey = Buffer.from(session.account.crypto.randomBytes(32));
  const sealed = Buffer.from(sealSession(session.account, SymmetricKey.of(deviceKey)));
  session.close();
  return { sealed: sealed.toString('base64'), deviceKey: deviceKey.toString('base64') };
}

async function openSession({ url, sealed, deviceKey }: ClientJob): Promise<UserSession> {
  const key = SymmetricKey.of(Buffer.from(deviceKey, 'base64'));
  return (await connect(url)).restore({ sealed: Buffer.from(sealed, 'base64'), deviceKey: key });
}

async function run(job: ClientJob): Promise<ClientReport> {
  const serverJob = serverJobs.get(job.name);
  const session = serverJob === undefined ? await openSession(job) : undefined;
  const before = process.cpuUsage();
  let measurements: readonly Measurement[] = [];
  if (session === undefined) measurements = (await serverJob?.(job.url)) ?? [];
  else measurements = (await sessionJobs.get(job.name)?.(session, job.count)) ?? [];
  const { user, system } = process.cpuUsage(before);
  session?.close();
  return { measurements, peak: process.resourceUsage().maxRSS / 1024, cpu: (user + system) / 1000 };
}

const job = JSON.parse(process.argv[2] ?? '{}') as ClientJob;
const answer = job.name === 'sign-up' ? await signUp(job.url) : await run(job);
// Connections that are kept alive would keep the process alive, too.
process.send?.(answer, () => process.exit(0));
