import { isWireUsername } from '@pyrgos/core/accounts';
import { ConfigError, type ServerConfig } from '@pyrgos/server/config';

/** The user whose site a `Host` header names: `<user>.<domain>`, with or without port and a dot at the end, which means the same; undefined for any other name. */
export function siteOwner(hosts: readonly string[], domain: string): string | undefined {
  const [given = ''] = hosts;
  if (hosts.length !== 1 || given.length > 300) return undefined;
  const host = given.toLowerCase().replace(/\.?(?::\d{1,5})?$/u, '');
  if (!host.endsWith(`.${domain}`)) return undefined;
  const owner = host.slice(0, -domain.length - 1);
  return isWireUsername(owner) && !owner.includes('.') ? owner : undefined;
}

/**
 * Requires that the sites of users are kept apart from the app: no name of a user may lead to its origin, or to that of one of its apps. ConfigError. `domain`: without dot in front.
 */
export function assertSeparate(
  domain: string,
  { publicDomain, listenHost, basicAuth }: Pick<ServerConfig, 'publicDomain' | 'listenHost' | 'basicAuth'>,
): void {
  const app = publicDomain ?? listenHost;
  const problem =
    basicAuth !== undefined
      ? 'cannot be used together with basic-auth: web sites are for everybody'
      : app === domain
        ? `must not be the name of the server itself (${app}): the apps of the web app run under names below it`
        : app.endsWith(`.${domain}`)
          ? `must not be above the name of the server (${app}): that would be the site of a user`
          : undefined;
  if (problem !== undefined) throw new ConfigError(`domain-suffix ${problem}.`);
}
