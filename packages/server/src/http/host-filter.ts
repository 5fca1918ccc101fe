import { encodeBase58 } from '@pyrgos/core/codec';
import type { ServerIds } from '../ports/server-ids.js';

/** What the host filter needs to know about this server. */
export interface HostRules {
  readonly listenHost: string;
  readonly publicDomain?: string;
  readonly ids: ServerIds;
}

/** An accepted Host header. */
export interface HostMatch {
  /** The host of the main pages, with port where it has one: what the request named, without the label of an app. */
  readonly uiHost: string;
  /** The label in front of it, when the request is for the subdomain of an app. */
  readonly subdomain: string | undefined;
}

const hostSyntax = /^(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/u;
const ipv4 = /^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$/u;
const label = /^[a-z0-9-]{1,63}$/u;

/** The host as it stands in a URL: an IPv6 address in brackets. */
export function urlHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** The host and port of the main pages: the public name, else what the server listens on (chapter 02 section 1.3). */
export function uiHost(rules: Pick<HostRules, 'listenHost' | 'publicDomain'>, port: number): string {
  return rules.publicDomain ?? `${urlHost(rules.listenHost)}:${port}`;
}

/** Whether the server listens on every address of the machine, so that there is no one name for it. */
export function listensEverywhere(listenHost: string): boolean {
  const host = urlHost(listenHost);
  return host === '0.0.0.0' || host === '[::]';
}

/**
 * Judges the Host headers of a request (chapter 02 section 1.3); undefined means 404. It keeps pages of other sites out, which can make
 * their name resolve to this machine, and app subdomains away from the API. Stricter than the reference: a subdomain is one whole label,
 * and the header must have the form of a host, because it ends up in a content security policy. On an address that takes IPv6 and IPv4,
 * literals of both kinds pass: an address cannot be rebound.
 */
export function matchHost(hosts: readonly string[], port: number, rules: HostRules): HostMatch | undefined {
  const [given] = hosts;
  if (given === undefined || hosts.length !== 1 || given.length > 300 || !hostSyntax.test(given)) return undefined;
  const host = given.toLowerCase();
  const main = uiHost(rules, port).toLowerCase();
  if (host === `127.0.0.1:${port}`) return { uiHost: host, subdomain: undefined };

  const everywhere = rules.publicDomain === undefined && listensEverywhere(rules.listenHost);
  const names = everywhere ? [`localhost:${port}`] : [main];
  if (rules.publicDomain !== undefined) names.push(`${main}:443`, `${main}:80`);
  // The default port does not appear in the header.
  if (port === 80) names.push(...names.map((name) => name.replace(/:80$/u, '')));
  for (const name of names) {
    if (host === name) return { uiHost: name, subdomain: undefined };
    if (host.endsWith(`.${name}`)) {
      const subdomain = host.slice(0, -name.length - 1);
      return label.test(subdomain) ? { uiHost: name, subdomain } : undefined;
    }
  }
  if (everywhere) {
    const address = host.endsWith(`:${port}`) ? host.slice(0, -`:${port}`.length) : port === 80 ? host : '';
    const isAddress = ipv4.test(address) || (address.startsWith('[') && urlHost(rules.listenHost) === '[::]');
    if (isAddress) return { uiHost: host, subdomain: undefined };
  }
  for (const id of rules.ids.all) {
    // Peers name the receiver; base58 has upper and lower case.
    if (given === encodeBase58(id.multihash.bytes) || given === encodeBase58(id.bytes)) return { uiHost: main, subdomain: undefined };
  }
  return undefined;
}
