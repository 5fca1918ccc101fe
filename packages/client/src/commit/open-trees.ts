import type { Cid } from '@pyrgos/core/codec';
import { Champ } from '@pyrgos/core/model';
import type { BlockReadContext, BlockSource } from '@pyrgos/core/store';

/** Trees that are kept decoded: those of the writers that one operation changes in turn. */
const MAX_TREES = 4;
/** Decoded nodes of one tree that are kept: of one with ten thousand keys, all; some 6 KB each. */
const MAX_NODES = 1024;

interface OpenTree {
  readonly champ: Champ;
  readers: number;
}

/**
 * The trees of one operation, decoded as far as they were needed: an operation that looks up and changes many keys in turns reads and decodes
 * each node once, and not once per turn. Trees are known by their roots, so nothing here can become stale. Bounded.
 */
export class OpenTrees {
  private readonly trees = new Map<string, OpenTree>();

  constructor(
    private readonly blocks: BlockSource,
    private readonly context: BlockReadContext,
  ) {}

  /** The tree at `root` for editing. Nobody else has it. */
  take(root: Cid): Champ {
    const known = this.trees.get(root.key);
    if (known === undefined || known.readers > 0) return this.open(root);
    this.trees.delete(root.key);
    return known.champ;
  }

  /** Keeps a tree without unsaved changes for whoever needs it next; who gives it must not use it any more. */
  give(champ: Champ): void {
    const root = champ.rootCid;
    if (root === undefined) return;
    if (champ.loadedNodes > MAX_NODES) champ.unload();
    this.keep(root, { champ, readers: 0 });
  }

  /** Reads in the tree at `root`; what is loaded stays loaded. */
  async read<T>(root: Cid, work: (champ: Champ) => Promise<T>): Promise<T> {
    const tree = this.trees.get(root.key) ?? { champ: this.open(root), readers: 0 };
    this.keep(root, tree);
    tree.readers++;
    try {
      return await work(tree.champ);
    } finally {
      tree.readers--;
      // Whoever reads in small steps should not load everything anew for each.
      if (tree.readers === 0 && tree.champ.loadedNodes > 2 * MAX_NODES) tree.champ.unload();
    }
  }

  /** Forgets all trees. */
  clear(): void {
    this.trees.clear();
  }

  private open(root: Cid): Champ {
    return Champ.open(root, this.blocks, this.context);
  }

  private keep(root: Cid, tree: OpenTree): void {
    this.trees.delete(root.key);
    this.trees.set(root.key, tree);
    for (const oldest of this.trees.keys()) {
      if (this.trees.size <= MAX_TREES) break;
      this.trees.delete(oldest);
    }
  }
}
