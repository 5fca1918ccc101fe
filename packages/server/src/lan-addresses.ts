import { networkInterfaces } from 'node:os';

/** What `os.networkInterfaces()` says of an address, as far as it matters here. */
interface InterfaceAddress {
  readonly address: string;
  readonly family: string | number;
  readonly internal: boolean;
}

/** Networks inside this machine, of containers and virtual machines: nobody else is in them. */
const VIRTUAL = /^(docker|br-|veth|virbr|lxc|vboxnet|vmnet)/;

/**
 * The addresses under which others in the local network may reach this machine, the likeliest first: IPv4 before IPv6, networks of virtual machines
 * last. Without those that mean something on one link only. `interfaces`: by name, as `os.networkInterfaces()` has them.
 */
export function lanAddresses(
  withIpv6: boolean,
  interfaces: Readonly<Record<string, readonly InterfaceAddress[] | undefined>> = networkInterfaces(),
): string[] {
  const found = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ address, internal }) => !internal && !/^(169\.254\.|fe80:)/i.test(address))
      .map(({ address, family }) => ({ address, isIpv4: family === 'IPv4' || family === 4, isVirtual: VIRTUAL.test(name) })),
  );
  const rank = ({ isIpv4, isVirtual }: { readonly isIpv4: boolean; readonly isVirtual: boolean }): number =>
    (isVirtual ? 2 : 0) + (isIpv4 ? 0 : 1);
  return found
    .filter(({ isIpv4 }) => isIpv4 || withIpv6)
    .toSorted((a, b) => rank(a) - rank(b))
    .map(({ address }) => address);
}
