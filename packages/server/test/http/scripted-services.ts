import { type Cid, parseCid } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import type { ServerServices } from '../../src/services.js';

/** Methods that a test gives, area by area; all others fail when they are called. */
export type Script = { readonly [Area in keyof ServerServices]?: Partial<ServerServices[Area]> };

/** The server id of the examples in chapter 02. */
const exampleServerId: Cid = parseCid('z5AanNVJCxnF5YtgjnHW43gxUTgmt6xvBeG7J5LxrDKZZtnXNC34Ldm');

function scripted<T extends object>(area: string, given: Partial<T>): T {
  return new Proxy(given, {
    get: (target, name) => {
      if (name in target) return Reflect.get(target, name) as unknown;
      return async () => {
        throw new PyrgosError('internal', `${area}.${String(name)} is not part of the script`);
      };
    },
  }) as T;
}

/**
 * Services that answer as a test says. For what the real ones cannot be made to do: the exact values of the printed examples, recorded
 * answers of another server, and failures.
 */
export function scriptedServices(script: Script = {}): ServerServices {
  const area = <Name extends keyof ServerServices>(name: Name): ServerServices[Name] =>
    scripted<ServerServices[Name]>(name, script[name] ?? {});
  return {
    ids: { current: exampleServerId, all: [exampleServerId], isOurs: (id) => id.equals(exampleServerId), ...script.ids },
    blocks: area('blocks'),
    pointers: area('pointers'),
    links: area('links'),
    bats: area('bats'),
    core: area('core'),
    accounts: area('accounts'),
    social: area('social'),
    space: area('space'),
    admin: area('admin'),
    messages: area('messages'),
    publicFiles: area('publicFiles'),
    ipns: area('ipns'),
    watches: scripted<ServerServices['watches']>('watches', { close: () => undefined, ...script.watches }),
  };
}
