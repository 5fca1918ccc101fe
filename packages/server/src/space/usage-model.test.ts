import { type Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { equalBytes } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { PointerUpdate } from '@pyrgos/core/model';
import { seededRandom } from '@pyrgos/testkit/random';
import { signBlock } from '@pyrgos/testkit/stores';
import { describe, expect, test } from 'vitest';
import { MIB, SpaceWorld } from '../../test/space-world.js';
import { type Attempt, type ModelWriter, UsageModel } from '../../test/usage-model.js';
import { MIN_ADMITTED_BLOCK_SIZE, OVER_QUOTA_TOLERANCE, PENDING_UPLOAD_LIFE_MS } from '../limits.js';
import { UsageRepair } from './usage-repair.js';

const SEEDS = 24;
const STEPS = 45;

/** One random story of one user. */
class Story {
  private readonly trees: Cid[] = [];
  private readonly withheld: Uint8Array[] = [];
  private made = 0;

  constructor(
    private readonly random: ReturnType<typeof seededRandom>,
    private readonly world: SpaceWorld,
    private readonly model: UsageModel,
  ) {}

  private pick<T>(items: readonly T[]): T {
    return items[this.random.nextInteger(items.length)]!;
  }

  private chance(percent: number): boolean {
    return this.random.nextInteger(100) < percent;
  }

  private writers(condition: (writer: ModelWriter) => boolean = () => true): ModelWriter[] {
    return [...this.model.writers.values()].filter(condition);
  }

  /** A tree that shares blocks with earlier ones and may link to blocks that are not there. */
  private async tree(): Promise<Cid> {
    const links: Cid[] = [];
    for (let i = this.random.nextInteger(4); i > 0; i--) {
      if (this.trees.length > 0 && this.chance(60)) {
        links.push(this.pick(this.trees));
        continue;
      }
      const bytes = new Uint8Array(this.random.nextInteger(3) === 0 ? 200_000 : 50).fill(this.made++ % 251);
      bytes.set(encodeCbor(this.made));
      links.push(this.model.cidOf(bytes, CidCodec.raw));
      if (this.chance(15)) this.withheld.push(bytes);
      else await this.model.store([bytes, CidCodec.raw]);
    }
    const node = encodeCbor([this.made++, ...links]);
    await this.model.store([node, CidCodec.dagCbor]);
    const cid = this.model.cidOf(node);
    // Sizes double with each level at most; keep them far below the maximum.
    if (this.model.size(cid) < 64 * MIB) this.trees.push(cid);
    return cid;
  }

  /** What a commit of a writer may do to its children. */
  private async changed(writer: ModelWriter): Promise<ReadonlySet<string>> {
    const children = new Set(writer.children);
    if (this.chance(35) && this.model.writers.size < 12) children.add(this.model.add(`writer ${this.model.writers.size}`).name);
    if (this.chance(25)) children.add(this.pick(this.writers(({ isKnown }) => isKnown)).name);
    if (this.chance(25) && children.size > 0) children.delete(this.pick([...children]));
    return children;
  }

  private async next(writer: ModelWriter): Promise<Attempt> {
    const isDeletion = this.chance(12) && this.targetOf(writer) !== undefined;
    return this.model.attempt(writer, isDeletion ? undefined : await this.tree(), isDeletion ? new Set() : await this.changed(writer));
  }

  private targetOf({ signed }: ModelWriter): Cid | undefined {
    return signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed).updated;
  }

  private async set(attempts: readonly Attempt[], pointers = this.world.pointers): Promise<boolean> {
    const updates = attempts.map(({ update }) => update);
    const [only] = updates;
    if (only !== undefined && updates.length === 1) return pointers.setPointer(this.model.owner, only.writer, only.signed);
    return pointers.setPointers(this.model.owner, updates);
  }

  private readonly actions: readonly (readonly [number, () => Promise<void>])[] = [
    [25, async () => this.commit()],
    [8, async () => this.commitTogether()],
    [8, async () => this.move()],
    [6, async () => this.publishWithChild()],
    [6, async () => this.staleUpdate()],
    [6, async () => this.race()],
    [20, async () => this.upload()],
    [5, async () => this.lateBlock()],
    [4, async () => this.passTime()],
    [4, async () => this.changeQuota()],
    [4, async () => this.world.reopen()],
    [6, async () => this.crash()],
    [2, async () => this.recount()],
    [2, async () => this.settle()],
  ];

  async step(): Promise<void> {
    this.world.clock.time += 60_000;
    let at = this.random.nextInteger(this.actions.reduce((sum, [weight]) => sum + weight, 0));
    const action = this.actions.find(([weight]) => (at -= weight) < 0);
    await action?.[1]();
    this.check();
  }

  /** The books say what the model says, to the byte. */
  private check(): void {
    this.model.expire(this.world.clock.time - PENDING_UPLOAD_LIFE_MS);
    expect(this.world.space.usageOf(this.model.username)).toEqual(this.model.sums());
    const attached = this.model.attached();
    for (const { counted, isKnown, name, signed, signer } of this.writers()) {
      const record = this.world.space.ledger.writers.find(signer.publicKeyHash);
      expect([name, record !== undefined]).toEqual([name, isKnown]);
      if (record === undefined) continue;
      expect([name, record.directBytes, record.isAttached]).toEqual([name, counted, attached.has(name)]);
      expect(this.world.space.ledger.pointers.get(signer.publicKeyHash)).toEqual(signed);
    }
  }

  private async commit(): Promise<void> {
    const attempt = await this.next(this.pick(this.writers(({ isKnown }) => isKnown)));
    expect(await this.set([attempt])).toBe(true);
    this.model.accept(attempt);
  }

  private async commitTogether(): Promise<void> {
    const chosen = this.writers(({ isKnown }) => isKnown && this.chance(40));
    const attempts: Attempt[] = [];
    for (const writer of chosen) attempts.push(await this.next(writer));
    expect(await this.set(attempts)).toBe(true);
    this.model.accept(...attempts);
  }

  private async move(): Promise<void> {
    const from = this.pick(this.writers(({ children, isKnown }) => isKnown && children.size > 0));
    if (from === undefined) return;
    const to = this.pick(this.writers((writer) => writer.isKnown && writer !== from));
    if (to === undefined) return;
    const child = this.pick([...from.children]);
    const left = new Set(from.children);
    left.delete(child);
    const attempts = [
      await this.model.attempt(from, await this.tree(), left),
      await this.model.attempt(to, await this.tree(), new Set([...to.children, child])),
    ];
    expect(await this.set(this.chance(50) ? attempts : attempts.toReversed())).toBe(true);
    this.model.accept(...attempts);
  }

  private async publishWithChild(): Promise<void> {
    const parent = this.pick(this.writers(({ isKnown }) => isKnown));
    const child = this.model.add(`writer ${this.model.writers.size}`);
    const attempts = [
      await this.model.attempt(child, await this.tree(), new Set()),
      await this.model.attempt(parent, await this.tree(), new Set([...parent.children, child.name])),
    ];
    expect(await this.set(this.chance(50) ? attempts : attempts.toReversed())).toBe(true);
    this.model.accept(...attempts);
  }

  private async staleUpdate(): Promise<void> {
    const writer = this.pick(this.writers(({ isKnown, signed }) => isKnown && signed !== undefined));
    if (writer?.signed === undefined) return;
    const stale: Attempt = {
      writer,
      update: { writer: writer.signer.publicKeyHash, signed: writer.signed },
      counted: 0,
      children: new Set(),
    };
    const others: Attempt[] = [];
    for (const other of this.writers((candidate) => candidate.isKnown && candidate !== writer && this.chance(30)))
      others.push(await this.next(other));
    await expect(this.set([...others, stale])).rejects.toMatchObject({ code: 'conflict.pointer' });
  }

  /** Two processes' worth of locks: only the check inside the transaction decides. */
  private async race(): Promise<void> {
    const writer = this.pick(this.writers(({ isKnown }) => isKnown));
    const attempts = [await this.next(writer), await this.next(writer)];
    if (equalBytes(attempts[0]!.update.signed, attempts[1]!.update.signed)) return;
    const stores = [this.world.pointers, this.world.servicesOn(this.world.local).pointers];
    const results = await Promise.all(
      attempts.map(async (attempt, i) =>
        this.set([attempt], stores[i]).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'conflict.pointer' });
          return false;
        }),
      ),
    );
    expect(results.filter(Boolean)).toHaveLength(1);
    this.model.accept(attempts[results.indexOf(true)]!);
  }

  private async upload(): Promise<void> {
    const writer = this.pick(this.writers(({ isKnown }) => isKnown));
    const sizes = Array.from({ length: 1 + this.random.nextInteger(3) }, () => this.pick([10, 1000, 300_000, MIB]));
    const blocks = sizes.map((size) => signBlock(this.world.crypto, writer.signer, this.fresh(size), CidCodec.raw));
    this.model.expire(this.world.clock.time - PENDING_UPLOAD_LIFE_MS);
    const expected = this.model.admit(
      writer,
      sizes.reduce((sum, size) => sum + Math.max(size, MIN_ADMITTED_BLOCK_SIZE), 0),
      this.world.clock.time,
      OVER_QUOTA_TOLERANCE,
    );
    const uploading = this.world.blocks.putBlocks(this.model.owner, writer.signer.publicKeyHash, blocks, 'upload');
    if (expected) {
      await uploading;
      for (const { bytes, cid } of blocks) this.model.note(cid, bytes);
    } else {
      await expect(uploading).rejects.toMatchObject({ code: 'quota' });
    }
  }

  private fresh(size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    bytes.set(encodeCbor(1_000_000 + this.made++));
    return bytes;
  }

  private async lateBlock(): Promise<void> {
    const bytes = this.withheld.pop();
    if (bytes !== undefined) await this.model.store([bytes, CidCodec.raw]);
  }

  private async passTime(): Promise<void> {
    this.world.clock.time += this.random.nextInteger(PENDING_UPLOAD_LIFE_MS);
  }

  private async changeQuota(): Promise<void> {
    this.model.quota = this.pick([MIB, 4 * MIB, 64 * MIB]);
    this.world.quotas.set(this.model.username, this.model.quota);
  }

  /** Death in the middle of several updates and uploads: what was acknowledged is there, the rest is there or not, as a whole. */
  private async crash(): Promise<void> {
    const groups: Attempt[][] = [];
    const free = this.writers(({ isKnown }) => isKnown);
    while (free.length > 0 && groups.length < 4) {
      const group: Attempt[] = [];
      for (const writer of free.splice(0, 1 + this.random.nextInteger(2)))
        group.push(await this.model.attempt(writer, await this.tree(), writer.children));
      groups.push(group);
    }
    const uploader = free[0];
    const block = signBlock(this.world.crypto, this.model.identity.signer, this.fresh(1000), CidCodec.raw);
    const acknowledged = new Set<Attempt[]>();
    const under = groups.map(async (group) => {
      if (await this.set(group)) acknowledged.add(group);
    });
    const uploading =
      uploader === undefined
        ? undefined
        : this.world.blocks.putBlocks(
            this.model.owner,
            uploader.signer.publicKeyHash,
            [signBlock(this.world.crypto, uploader.signer, block.bytes, CidCodec.raw)],
            'upload',
          );
    const ends = Promise.allSettled([...under, uploading]);
    for (let turns = this.random.nextInteger(12); turns > 0; turns--) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    await this.world.crash();
    await ends;
    for (const group of groups) {
      const stored = group.map(({ update }) => {
        const signed = this.world.space.ledger.pointers.get(update.writer);
        return signed !== undefined && equalBytes(signed, update.signed);
      });
      expect(new Set(stored).size).toBe(1);
      if (acknowledged.has(group)) expect(stored[0]).toBe(true);
      if (stored[0] === true) this.model.accept(...group);
    }
    for (const writer of this.writers()) {
      // The upload has dropped what had expired, or not; it is not pending in either case.
      const pending = this.world.space.ledger.writers.find(writer.signer.publicKeyHash)?.pendingBytes ?? 0;
      if (this.model.hasExpired(writer) && writer !== uploader) {
        expect([0, writer.pending]).toContain(pending);
        writer.pending = pending;
      }
    }
    if (uploader !== undefined) await this.adoptUpload(uploader, block.cid, block.bytes);
    // Before its end the upload may have charged what had arrived.
    await this.world.space.late.settle(this.world.space.ledger.users.find(this.model.username)!);
    this.model.recount();
    // In which order they were stored decides whether the usage was within the quota at any time.
    this.model.isErrored = this.world.space.usageOf(this.model.username)?.isErrored ?? false;
  }

  /** After a crash: the upload was booked or not. */
  private async adoptUpload(uploader: ModelWriter, cid: Cid, bytes: Uint8Array): Promise<void> {
    const record = this.world.space.ledger.writers.find(uploader.signer.publicKeyHash);
    const pending = record?.pendingBytes ?? 0;
    const isExpired = this.model.hasExpired(uploader);
    const booked = Math.max(bytes.length, MIN_ADMITTED_BLOCK_SIZE);
    expect([0, uploader.pending, isExpired ? booked : uploader.pending + booked]).toContain(pending);
    if (pending !== uploader.pending) uploader.pendingAt = this.world.clock.time;
    uploader.pending = pending;
    if ((await this.world.local.get(this.model.username, cid)) !== undefined) this.model.note(cid, bytes);
  }

  private async recount(): Promise<void> {
    await new UsageRepair(this.world).recount(this.model.username);
    this.model.recount();
  }

  private async settle(): Promise<void> {
    await this.world.space.settleDeletion(this.model.username);
    if (this.model.identity.signed === undefined || this.targetOf(this.model.identity) !== undefined) return;
    for (const writer of this.writers((candidate) => candidate !== this.model.identity && candidate.signed !== undefined)) {
      Object.assign(writer, { signed: undefined, counted: 0, children: new Set() });
    }
  }
}

describe('random stories against a model of plain maps', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`seed ${seed}`, async () => {
      const world = await SpaceWorld.create({
        uploadWindowSeconds: 1,
        // Small bounds on some, so that every way of counting is used.
        counterLimits: seed % 3 === 0 ? { maxChangeSteps: 6 } : seed % 3 === 1 ? { maxChangeFrontier: 3 } : {},
      });
      try {
        const quota = 64 * MIB;
        const model = new UsageModel(world, 'alice', await world.addUser('alice', quota), quota);
        const story = new Story(seededRandom(seed), world, model);
        for (let step = 0; step < STEPS; step++) await story.step();
      } catch (error) {
        if (error instanceof PyrgosError) throw new Error(`${error.code}: ${error.message}`, { cause: error });
        throw error;
      } finally {
        await world.close();
      }
    });
  }
});
