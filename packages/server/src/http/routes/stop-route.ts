import type { Exchange } from '../exchange.js';
import { emptyReply, type Reply } from '../reply.js';

/** The endpoint that ends the process. */
export const STOP_PREFIX = '/peergos/v0/stop/';

function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain === '::1' || /^127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$/u.test(plain);
}

/**
 * Why a call to a local-only endpoint is refused, or undefined: checks 2 to 6 of chapter 02 section 16, in their order; the first one
 * was made before. These endpoints know no caller, so only the own page of this machine's user may reach them.
 */
function refuseRemote(exchange: Exchange): Reply | undefined {
  const local = `localhost:${exchange.port}`;
  const [host, ...more] = exchange.hosts;
  if (!isLoopback(exchange.peerAddress)) return emptyReply(404);
  if (exchange.method !== 'POST') return emptyReply(405, { allow: 'POST' });
  if (host !== local || more.length > 0) return emptyReply(404);
  const origin = exchange.header('origin');
  if (origin !== undefined && origin !== `http://${local}`) return emptyReply(403);
  const site = exchange.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return emptyReply(403);
  return undefined;
}

/** `stop/`: 200, and when that has been sent, `stop` (chapter 02 section 16). */
export function stopReply(exchange: Exchange, stop: () => void): Reply {
  const refusal = refuseRemote(exchange);
  if (refusal !== undefined) return refusal;
  if (exchange.path !== STOP_PREFIX) return emptyReply(404);
  exchange.whenSent(stop);
  return emptyReply(200);
}
