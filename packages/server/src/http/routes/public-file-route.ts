import { encodeTrailer } from '@pyrgos/core/api';
import { PyrgosError } from '@pyrgos/core/errors';
import { decodePercent } from '../query.js';
import { emptyReply } from '../reply.js';
import type { Handler } from './route.js';

/** Where links to public files begin. */
export const PUBLIC_PREFIX = '/public/';

/**
 * `/public/<user>/<path>`: a redirect to the page that opens the published file, with its capability in the fragment (chapter 02
 * section 14.2). NotFoundError when the user has not published it.
 */
export const publicFile: Handler = async ({ exchange, services }) => {
  const path = decodePercent(exchange.path.slice(PUBLIC_PREFIX.length)).replace(/\/+$/u, '');
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
