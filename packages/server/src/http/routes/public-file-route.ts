import { encodeTrailer } from '@pyrgos/core/api';
import { type ErrorCode, PyrgosError } from '@pyrgos/core/errors';
import { decodePercent } from '../query.js';
import { emptyReply, type Reply, textReply } from '../reply.js';
import { withoutTrailingSlashes } from '../trailing-slashes.js';
import type { Handler } from './route.js';

/** Where links to public files begin. */
export const PUBLIC_PREFIX = '/public/';

/**
 * `/public/<user>/<path>`: a redirect to the page that opens the published file, with its capability in the fragment (chapter 02
 * section 14.2). NotFoundError when the user has not published it; who reads pages gets one that says so.
 */
export const publicFile: Handler = async (call) => {
  try {
    return await redirect(call);
  } catch (error) {
    if (!(error instanceof PyrgosError) || !leadsNowhere(error.code) || !readsPages(call.exchange.header('accept'))) throw error;
    return notPublished();
  }
};

const redirect: Handler = async ({ exchange, services }) => {
  const path = withoutTrailingSlashes(decodePercent(exchange.path.slice(PUBLIC_PREFIX.length)));
  const slash = path.indexOf('/');
  const username = slash < 0 ? path : path.slice(0, slash);
  const link = await services.publicFiles.capabilityLink(username, slash < 0 ? '' : path.slice(slash + 1));
  // It goes into a header and into a page's script: nothing but the characters of a capability link.
  if (!/^#[0-9A-Za-z]+(?:\/[0-9A-Za-z]+)*$/u.test(link)) throw new PyrgosError('internal', 'malformed capability link');
  const open = exchange.rawQuery.split('&').includes('open=true') ? '%2c"open":true' : '';
  return emptyReply(302, {
    location: `/#{"secretLink":true%2c"path":"${encodeTrailer(`/${path}`)}"${open}%2c"link":"${link}"}`,
  });
};

/** Whether it is the address at which nothing is to be found, and not the server that cannot look. */
function leadsNowhere(code: ErrorCode): boolean {
  return code === 'argument' || code === 'limit' || code === 'format.request' || code.startsWith('not-found.');
}

/** Whether a page is wanted: browsers say so where a person has opened an address, programs of the protocol do not. */
function readsPages(accept: string | undefined): boolean {
  return accept !== undefined && /(?:^|,)\s*text\/html\s*(?:[,;]|$)/iu.test(accept);
}

/** The same for everything that is not published, whether there is such a user or not. Text alone: the policy of the API, which it is sent with, allows nothing else. */
function notPublished(): Reply {
  return textReply(page, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', vary: 'accept' }, 404);
}

const page = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Nothing is published here</title>
</head>
<body>
<main>
<h1>Nothing is published here</h1>
<p>There is nothing public at this address. Whoever published something here may have taken it back, moved it or renamed it; or the address is not complete.</p>
<p>Ask whoever gave you the address for the one that is right now.</p>
</main>
</body>
</html>
`;
