import { BlockList, isIP } from 'node:net';

/** Where proxies on this machine, and in containers beside ours, come from. */
const PRIVATE_RANGES = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];
const LOOPBACK_RANGES = ['127.0.0.0/8', '::1'];
/** IPv4 addresses as sockets for both families tell them. */
const MAPPED = /^::ffff:(?=\d+\.)/iu;

/** The addresses whose word about the client of a request counts (ours): the proxies in front of this server. Those on this machine always belong to them. */
export class TrustedProxies {
  /** Those on this machine, and no other. */
  static readonly onThisMachine: TrustedProxies = new TrustedProxies([]);
  private readonly list = new BlockList();

  /** @param items addresses, ranges, or `private`: see {@link TrustedProxies.isItem} */
  constructor(items: readonly string[]) {
    for (const item of [...LOOPBACK_RANGES, ...items.flatMap((text) => (text === 'private' ? PRIVATE_RANGES : [text]))]) {
      const { address, family, bits } = parse(item);
      if (bits === undefined) this.list.addAddress(address, family);
      else this.list.addSubnet(address, bits, family);
    }
  }

  /** Whether this can be an item: an address, a range such as `10.1.0.0/16`, or `private` for all addresses of private networks. */
  static isItem(text: string): boolean {
    if (text === 'private') return true;
    const [address = '', bits, ...rest] = text.split('/');
    const version = isIP(address);
    if (version === 0 || rest.length > 0) return false;
    return bits === undefined || (/^\d{1,3}$/u.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
  }

  /** Whether the other end of a connection is one of them. */
  has(peer: string): boolean {
    const address = peer.replace(MAPPED, '');
    const version = isIP(address);
    return version !== 0 && this.list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  }
}

function parse(item: string): { readonly address: string; readonly family: 'ipv4' | 'ipv6'; readonly bits: number | undefined } {
  const [address = '', bits] = item.split('/');
  return { address, family: isIP(address) === 4 ? 'ipv4' : 'ipv6', bits: bits === undefined ? undefined : Number(bits) };
}
