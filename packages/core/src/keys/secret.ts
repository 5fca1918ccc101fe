/**
 * Base of all classes that hold secret bytes: whatever prints such a value (string conversion, JSON, Node's `util.inspect`) shows
 * its kind and nothing else. Subclasses offer the secret through explicitly named members only, and keep raw bytes in `#` fields: what copies
 * own properties (`structuredClone`, `postMessage`, spreading, IndexedDB) gets none of them.
 */
export abstract class Secret {
  /** The word that is printed instead of the secret. */
  protected abstract readonly secretKind: string;

  /** Redacted. */
  toString(): string {
    return `${this.secretKind}(redacted)`;
  }

  /** Redacted. */
  toJSON(): string {
    return this.toString();
  }
}

// Not a method of the class body: declarations cannot name a symbol from the global registry. Harmless in browsers.
Object.defineProperty(Secret.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Secret): string {
    return this.toString();
  },
});
