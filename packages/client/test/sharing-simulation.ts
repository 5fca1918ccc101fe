import { PyrgosError } from '@pyrgos/core/errors';
import type { Signer } from '@pyrgos/core/keys';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import { seededRandom } from '@pyrgos/testkit/random';
import { CommittedView, DanglingEntry, type Item, listChildren, openItem } from '../src/files/view/index.js';
import type { UserSession } from '../src/index.js';
import { readAll } from '../src/social/own-files.js';
import { given } from './social-world.js';

/** A file or directory of the model. */
interface Node {
  readonly id: number;
  readonly isDirectory: boolean;
  parent: Node | undefined;
  name: string;
  content: string;
  readonly readers: Set<string>;
  readonly writers: Set<string>;
  /** Who can have the keys that it has now: everybody who could reach it since it got them. */
  holders: Set<string>;
  /** The same for writing. */
  writeHolders: Set<string>;
  /** Whether it is the first item of its writing space. */
  hasOwnSpace: boolean;
}

/** A capability, and who signs with it. */
interface Kept {
  readonly capability: AbsoluteCapability;
  readonly signer?: Signer | undefined;
}

/** What somebody has seen who keeps everything. */
class Hoard {
  readonly kept = new Map<string, Kept>();
  /** Every text and name that was rightly within reach at some time. */
  readonly allowed = new Set<string>();
  readonly readable = new Set<string>();
  readonly writable = new Set<string>();

  add(capability: AbsoluteCapability, signer?: Signer): void {
    this.kept.set(`${placeOf(capability)} ${signer === undefined}`, { capability, signer });
  }

  /** Opens all that it has, and all that is below that, as somebody who has nothing else. */
  async look(session: UserSession): Promise<void> {
    this.readable.clear();
    this.writable.clear();
    const view = new CommittedView(session.account.sessions, { fresh: true });
    const seen = new Set<string>();
    for (const { capability, signer } of Array.from(this.kept.values())) {
      const item = await openOrNothing(view, capability, signer);
      if (item !== undefined) await this.lookAt(view, item, seen);
    }
  }

  private async lookAt(view: CommittedView, item: Item, seen: Set<string>): Promise<void> {
    const key = `${placeOf(item.capability)} ${item.isWritable}`;
    if (seen.has(key)) return;
    seen.add(key);
    this.add(item.capability, item.signer);
    this.readable.add(item.name);
    if (item.isWritable) this.writable.add(item.name);
    if (!item.isDirectory) {
      this.readable.add(new TextDecoder().decode(await readAll(view, item)));
      return;
    }
    for await (const child of listChildren(view, item)) if (!(child instanceof DanglingEntry)) await this.lookAt(view, child, seen);
  }
}

function placeOf({ writer, mapKey, isWritable, rBaseKey }: AbsoluteCapability): string {
  return `${writer.key} ${mapKey.join()} ${rBaseKey.bytes.join()} ${isWritable}`;
}

async function openOrNothing(
  view: CommittedView,
  capability: AbsoluteCapability,
  inheritedSigner: Signer | undefined,
): Promise<Item | undefined> {
  try {
    return await openItem(view, capability, { inheritedSigner });
  } catch (error) {
    if (error instanceof PyrgosError && error.code !== 'network') return undefined;
    throw error;
  }
}

/** What a simulation needs. */
export interface SimulationWorld {
  /** Shares her files. */
  readonly owner: UserSession;
  /** Has no key but those that are tried. */
  readonly stranger: UserSession;
  /** Who follows the owner. */
  readonly users: readonly string[];
}

/**
 * Random grants, revocations, moves, renames, writes, copies and deletions, compared after each step with a plain model of who may do what: everybody who may read
 * reads all of it; and with all capabilities that he ever got, and all that these ever led to, nobody reads a text or a name from after he lost access, nor
 * could write.
 */
export class SharingSimulation {
  private readonly random: ReturnType<typeof seededRandom>;
  private readonly nodes: Node[] = [];
  private readonly hoards: ReadonlyMap<string, Hoard>;
  private readonly root: Node;
  private counter = 0;
  /** What was done, for the report of a failure. */
  readonly log: string[] = [];

  constructor(
    private readonly world: SimulationWorld,
    private readonly seed: number,
  ) {
    this.random = seededRandom(seed);
    this.hoards = new Map(world.users.map((user) => [user, new Hoard()]));
    this.root = this.node(true, undefined, `s${seed}`);
  }

  /** Runs some steps; rejects with what is wrong and all that was done before. */
  async run(steps: number): Promise<void> {
    const { files } = this.world.owner;
    try {
      await files.makeDirectory(this.path(this.root));
      this.nodes.push(this.root);
      for (const directory of [this.root, this.root]) await this.make(true, directory);
      for (let i = 0; i < 2; i++)
        await this.make(
          false,
          this.pick((node) => node.isDirectory),
        );
      for (let i = 0; i < steps; i++) {
        await this.step();
        await this.compare();
      }
      await files.remove(this.path(this.root));
    } catch (error) {
      throw new Error(`seed ${this.seed}: ${error instanceof Error ? error.message : String(error)}\n${this.log.join('\n')}`, {
        cause: error,
      });
    }
  }

  private node(isDirectory: boolean, parent: Node | undefined, name: string): Node {
    const id = this.counter++;
    const content = isDirectory ? '' : `text ${this.seed}.${id}.0`;
    const sets = { readers: new Set<string>(), writers: new Set<string>(), holders: new Set<string>(), writeHolders: new Set<string>() };
    return { id, isDirectory, parent, name, content, ...sets, hasOwnSpace: false };
  }

  private path(node: Node): string {
    const { parent } = node;
    return parent === undefined ? `/${this.world.owner.username}/${node.name}` : `${this.path(parent)}/${node.name}`;
  }

  private newName(): string {
    return `name ${this.seed}.${this.counter++}`;
  }

  private pick(fits: (node: Node) => boolean): Node {
    const fitting = this.nodes.filter(fits);
    return fitting[this.random.nextInteger(fitting.length)] ?? this.root;
  }

  private pickUser(): string {
    return this.world.users[this.random.nextInteger(this.world.users.length)] ?? '';
  }

  private isWithin(node: Node | undefined, above: Node): boolean {
    return node !== undefined && (node === above || this.isWithin(node.parent, above));
  }

  private below(node: Node): Node[] {
    return this.nodes.filter((other) => this.isWithin(other, node));
  }

  /** In whose writing space a node is. */
  private space(node: Node): Node | undefined {
    return node.hasOwnSpace || node.parent === undefined ? (node.hasOwnSpace ? node : undefined) : this.space(node.parent);
  }

  private mayRead(node: Node | undefined, user: string): boolean {
    return node !== undefined && (node.readers.has(user) || node.writers.has(user) || this.mayRead(node.parent, user));
  }

  private mayWrite(node: Node | undefined, user: string): boolean {
    return node !== undefined && (node.writers.has(user) || this.mayWrite(node.parent, user));
  }

  private async make(isDirectory: boolean, parent: Node): Promise<void> {
    const node = this.node(isDirectory, parent, this.newName());
    const path = this.path(node);
    this.log.push(`make ${path}`);
    if (isDirectory) await this.world.owner.files.makeDirectory(path);
    else await this.world.owner.files.write(path, node.content);
    this.nodes.push(node);
  }

  private async step(): Promise<void> {
    const { files, shares } = this.world.owner;
    const kinds = ['grant', 'grant', 'grant', 'revoke', 'revoke', 'write', 'rename', 'move', 'make', 'copy', 'remove'] as const;
    const kind = kinds[this.random.nextInteger(kinds.length)] ?? 'grant';
    const inner = (node: Node): boolean => node !== this.root;
    if (!this.nodes.some(inner)) return this.make(true, this.root);
    const node = this.pick(inner);
    const path = this.path(node);
    const user = this.pickUser();
    const access = this.random.nextInteger(2) === 0 ? 'read' : 'write';
    switch (kind) {
      case 'grant': {
        this.log.push(`grant ${access} of ${path} to ${user}`);
        await shares.share(path, [{ user }], { access });
        if (access === 'write' && !node.hasOwnSpace) {
          this.rotated(node, true);
          node.hasOwnSpace = true;
        }
        (access === 'read' ? node.readers : node.writers).add(user);
        return;
      }
      case 'revoke': {
        const shared = this.pick((one) => inner(one) && one.readers.size + one.writers.size > 0);
        if (shared === this.root) return;
        const sharee = [...shared.readers, ...shared.writers][this.random.nextInteger(shared.readers.size + shared.writers.size)] ?? user;
        const only = (['read', 'write', undefined] as const)[this.random.nextInteger(3)];
        this.log.push(`revoke ${only ?? 'all'} of ${this.path(shared)} from ${sharee}`);
        const ends = { read: only !== 'write' && shared.readers.has(sharee), write: only !== 'read' && shared.writers.has(sharee) };
        const isEnded = await shares.unshare(this.path(shared), [{ user: sharee }], only === undefined ? {} : { access: only });
        if (isEnded !== (ends.read || ends.write)) throw new Error(`unshare said ${isEnded}`);
        if (ends.read) shared.readers.delete(sharee);
        if (ends.write) shared.writers.delete(sharee);
        if (isEnded) this.rotated(shared, ends.write);
        return;
      }
      case 'write': {
        const file = this.pick((one) => !one.isDirectory);
        if (file.isDirectory) return;
        file.content = `text ${this.seed}.${file.id}.${this.counter++}`;
        this.log.push(`write ${this.path(file)}`);
        await files.write(this.path(file), file.content);
        return;
      }
      case 'rename': {
        const name = this.newName();
        this.log.push(`rename ${path} to ${name}`);
        await files.rename(path, name);
        node.name = name;
        return;
      }
      case 'move': {
        const target = this.pick((one) => one.isDirectory && !this.isWithin(one, node));
        if (target === node.parent) return;
        this.log.push(`move ${path} to ${this.path(target)}`);
        await files.move(path, this.path(target));
        const isCopied = this.space(node.parent as Node) !== this.space(target);
        node.parent = target;
        if (isCopied) this.renew(node);
        return;
      }
      case 'make':
        return this.make(
          this.random.nextInteger(2) === 0,
          this.pick((one) => one.isDirectory),
        );
      case 'copy': {
        const target = this.pick((one) => one.isDirectory && !this.isWithin(one, node));
        const name = this.newName();
        this.log.push(`copy ${path} to ${this.path(target)}/${name}`);
        await files.copy(path, this.path(target), { name });
        this.copied(node, target, name);
        return;
      }
      case 'remove': {
        this.log.push(`remove ${path}`);
        await files.remove(path);
        for (const gone of this.below(node)) this.nodes.splice(this.nodes.indexOf(gone), 1);
      }
    }
  }

  /** New keys for a node and all below it: nobody holds them but who may. */
  private rotated(node: Node, isSpaceNew: boolean): void {
    for (const one of this.below(node)) {
      one.holders = new Set();
      if (isSpaceNew) one.writeHolders = new Set();
    }
  }

  /** What is copied anew has no shares. */
  private renew(node: Node): void {
    for (const one of this.below(node)) {
      one.readers.clear();
      one.writers.clear();
      one.holders = new Set();
      one.writeHolders = new Set();
      one.hasOwnSpace = false;
    }
  }

  private copied(node: Node, target: Node, name: string): void {
    const copy = this.node(node.isDirectory, target, name);
    copy.content = node.content;
    const children = this.nodes.filter(({ parent }) => parent === node);
    this.nodes.push(copy);
    for (const child of children) this.copied(child, copy, child.name);
  }

  private async givenTo(user: string): Promise<readonly AbsoluteCapability[]> {
    const { owner } = this.world;
    return [...(await given(owner, user, 'read')), ...(await given(owner, user, 'write'))];
  }

  private async compare(): Promise<void> {
    for (const [user, hoard] of this.hoards) {
      for (const node of this.nodes) {
        if (this.mayRead(node, user)) node.holders.add(user);
        if (this.mayWrite(node, user)) node.writeHolders.add(user);
        if (!node.holders.has(user)) continue;
        hoard.allowed.add(node.name);
        if (!node.isDirectory) hoard.allowed.add(node.content);
      }
      for (const capability of await this.givenTo(user)) hoard.add(capability);
      await hoard.look(this.world.stranger);
      const texts = this.nodes
        .filter((node) => this.mayRead(node, user))
        .flatMap(({ name, content }) => (content === '' ? [name] : [name, content]));
      const missing = texts.filter((text) => !hoard.readable.has(text));
      const stolen = [...hoard.readable].filter((text) => text.includes(` ${this.seed}.`) && !hoard.allowed.has(text));
      if (missing.length > 0) throw new Error(`${user} does not find ${missing.join(', ')}`);
      if (stolen.length > 0) throw new Error(`${user} must not read ${stolen.join(', ')}`);
      const ours = [...hoard.writable].filter((name) => name.includes(` ${this.seed}.`));
      const writable = new Set(this.nodes.filter((node) => node.writeHolders.has(user)).map(({ name }) => name));
      const broken = ours.filter((name) => !writable.has(name));
      if (broken.length > 0) throw new Error(`${user} must not write ${broken.join(', ')}`);
      const locked = this.nodes.filter((node) => this.mayWrite(node, user) && !hoard.writable.has(node.name));
      if (locked.length > 0) throw new Error(`${user} cannot write ${locked.map(({ name }) => name).join(', ')}`);
    }
    for (const node of this.nodes) {
      const { readers, writers } = await this.world.owner.shares.sharedWith(this.path(node));
      const names = (recipients: typeof readers): string =>
        recipients
          .map((one) => ('user' in one ? one.user : one.group))
          .sort()
          .join();
      if (names(readers) !== [...node.readers].sort().join() || names(writers) !== [...node.writers].sort().join()) {
        throw new Error(`of ${this.path(node)} are recorded ${names(readers)} and ${names(writers)}`);
      }
    }
  }
}
