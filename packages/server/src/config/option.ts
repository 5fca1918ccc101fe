import { isIP } from 'node:net';
import { isNewUsername } from '@pyrgos/core/accounts';
import { resolve } from 'node:path';
import { formatByteCount, parseByteCount } from './byte-size.js';
import { OptionProblem } from './option-problem.js';
import { SecretText } from './secret-text.js';
import type { ServerOptions } from './server-config.js';
import { TrustedProxies } from '../http/trusted-proxies.js';

/** What a value is read with. */
interface OptionContext {
  /** Paths are relative to it (chapter 08 section 2.1). */
  readonly dataDirectory: string;
}

/** One option of the server. */
export interface Option<T> {
  /** The name on the command line and in the configuration file: that of the reference, where it has the option. */
  readonly name: string;
  /** Other names under which it is accepted. */
  readonly aliases?: readonly string[];
  /** What it does, in one line for people. */
  readonly help: string;
  /** What a value looks like, for the help. */
  readonly form: string;
  readonly isSecret?: true;
  /** Reads a value. Throws {@link OptionProblem}. */
  readonly read: (text: string, context: OptionContext) => T;
  /** The value when nobody sets it; may depend on the values of other options. */
  readonly fallback: (get: <K extends keyof ServerOptions>(key: K) => ServerOptions[K], context: OptionContext) => T;
  /** The value as a person would write it, for explanations; not called for secrets. */
  readonly show: (value: T) => string;
}

type Details<T> = Pick<Option<T>, 'name' | 'help'> &
  Partial<Pick<Option<T>, 'aliases' | 'form'>> & { readonly fallback: T | Option<T>['fallback'] };

function option<T>(details: Details<T>, form: string, read: Option<T>['read'], show: (value: T) => string = String): Option<T> {
  const { fallback } = details;
  return {
    ...details,
    form: details.form ?? form,
    read,
    show,
    fallback: typeof fallback === 'function' ? (fallback as Option<T>['fallback']) : () => fallback,
  };
}

/** A whole number in a range. */
export function integerOption(details: Details<number>, minimum: number, maximum: number): Option<number> {
  return option(details, 'N', (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= minimum && value <= maximum)) throw new OptionProblem(`must be a whole number from ${minimum} to ${maximum}`);
    return value;
  });
}

/** A number of bytes. */
export function bytesOption(details: Details<number>): Option<number> {
  return option(details, 'BYTES', parseByteCount, formatByteCount);
}

/** `true` or `false`. Unlike the reference, which takes everything else for false, another value is refused. */
export function booleanOption(details: Details<boolean>): Option<boolean> {
  return option(details, 'true|false', (text) => {
    if (text !== 'true' && text !== 'false') throw new OptionProblem('must be true or false');
    return text === 'true';
  });
}

/** A value of a fixed set. */
export function choiceOption<T extends string>(details: Details<T>, choices: readonly T[]): Option<T> {
  return option(details, choices.join('|'), (text) => {
    const value = choices.find((choice) => choice === text);
    if (value === undefined) throw new OptionProblem(`must be one of ${choices.join(', ')}`);
    return value;
  });
}

/** A path, absolute or relative to the data directory. */
export function pathOption<T extends string | undefined>(details: Details<T> & { readonly fallback: T }): Option<T | string> {
  const { fallback } = details;
  return option<T | string>(
    { ...details, fallback: (_, { dataDirectory }) => (fallback === undefined ? fallback : resolve(dataDirectory, fallback)) },
    'PATH',
    (text, { dataDirectory }) => {
      if (text === '' || text.includes('\0')) throw new OptionProblem('must be a path');
      return resolve(dataDirectory, text);
    },
    (value) => value ?? '',
  );
}

/** What browsers take for an IPv4 address, or refuse as a bad one. */
const ENDS_WITH_NUMBER = /(^|\.)\d+$/;

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/** Whether the text is a domain name in lower case, with at least two labels unless `single` is true. */
function isDomain(text: string, single: boolean): boolean {
  const labels = text.split('.');
  return text.length <= 253 && labels.length >= (single ? 1 : 2) && labels.every((label) => LABEL.test(label));
}

/** A name or address to listen on: a host name, IPv4 or IPv6 address without brackets. */
export function hostOption(details: Details<string>): Option<string> {
  return option(details, 'HOST', (text) => {
    const host = text.replace(/^\[(.*)\]$/, '$1').toLowerCase();
    // What ends with a number is an address and no name; 999.1.1.1 is neither.
    const isName = isDomain(host, true) && !ENDS_WITH_NUMBER.test(host);
    if (isIP(host) === 0 && !isName) throw new OptionProblem('must be a host name or an IP address, without port');
    return host;
  });
}

function readDomain(text: string): string {
  const domain = text.toLowerCase();
  if (!isDomain(domain, true)) throw new OptionProblem('must be a domain name, without https:// and without port');
  return domain;
}

/** A domain name under which there can be others: no address. */
export function domainOption(details: Details<string | undefined>): Option<string | undefined> {
  const read = (text: string): string => {
    if (isIP(text.replace(/^\[(.*)\]$/, '$1')) !== 0 || ENDS_WITH_NUMBER.test(text)) {
      throw new OptionProblem('must be a domain name and no IP address: apps have names below it, and browsers want a certificate for it');
    }
    return readDomain(text);
  };
  return option(details, 'DOMAIN', read, (value) => value ?? '');
}

/** A domain below which users have names: with or without the dot in front and the port behind that the reference writes. */
export function suffixOption(details: Details<string | undefined>): Option<string | undefined> {
  const read = (text: string): string => {
    const domain = text
      .toLowerCase()
      .replace(/^\./, '')
      .replace(/:\d{1,5}$/, '');
    if (!isDomain(domain, true) || ENDS_WITH_NUMBER.test(domain))
      throw new OptionProblem('must be a domain name, below which each user has a name');
    return domain;
  };
  return option(details, 'DOMAIN', read, (value) => value ?? '');
}

/** A list separated by commas. */
function listOption(details: Details<readonly string[]>, form: string, readItem: (text: string) => string): Option<readonly string[]> {
  return option(
    details,
    form,
    (text) => {
      const items = text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
      return [...new Set(items.map(readItem))];
    },
    (value) => value.join(','),
  );
}

/** Usernames separated by commas. */
export function usernamesOption(details: Details<readonly string[]>): Option<readonly string[]> {
  return listOption(details, 'NAME,…', (name) => {
    // Reserved names are users too; nobody signs up here.
    if (!/^[a-z0-9_-]{1,64}$/.test(name) && !isNewUsername(name)) throw new OptionProblem('must be usernames, separated by commas');
    return name;
  });
}

/** Names of apps, which become labels of host names. */
export function appsOption(details: Details<readonly string[]>): Option<readonly string[]> {
  return listOption(details, 'APP,…', (name) => {
    if (!LABEL.test(name)) throw new OptionProblem('must be names of apps, separated by commas');
    return name;
  });
}

/** Domain names separated by commas. */
export function domainsOption(details: Details<readonly string[]>): Option<readonly string[]> {
  return listOption(details, 'DOMAIN,…', readDomain);
}

/** Proxies, separated by commas: addresses, ranges, or `private`. */
export function proxiesOption(details: Details<readonly string[]>): Option<readonly string[]> {
  return listOption(details, 'ADDRESS,…', (text) => {
    const item = text.toLowerCase();
    if (!TrustedProxies.isItem(item))
      throw new OptionProblem('must be addresses such as 172.18.0.2, ranges such as 172.18.0.0/16, or private, separated by commas');
    return item;
  });
}

/** Origins of pages on this machine, separated by commas. */
export function localOriginsOption(details: Details<readonly string[]>): Option<readonly string[]> {
  return listOption(details, 'ORIGIN,…', (text) => {
    const origin = text.toLowerCase().replace(/\/$/, '');
    // As browsers write it, because it is compared as text: without the port that the scheme has anyway.
    const isLocal = /^https?:\/\/localhost(:\d{1,5})?$/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin;
    if (!isLocal) throw new OptionProblem('must be addresses of pages on this machine such as http://localhost:5173, separated by commas');
    return origin;
  });
}

/** A value that is never shown. */
export function secretOption<T>(
  details: Omit<Details<T | undefined>, 'fallback'>,
  form: string,
  read: (text: string) => T,
): Option<T | undefined> {
  return { ...option<T | undefined>({ ...details, fallback: undefined }, form, read, () => '(secret)'), isSecret: true };
}

/** `user:password` for HTTP Basic. */
export function readBasicAuth(text: string): SecretText {
  const colon = text.indexOf(':');
  // eslint-disable-next-line no-control-regex -- control characters are what is refused here
  if (colon < 1 || colon === text.length - 1 || /[\u0000-\u001f\u007f]/.test(text)) throw new OptionProblem('must be user:password');
  return new SecretText(text);
}
