// SPDX-License-Identifier: GPL-2.0-only
import type { ObjectKind } from '../program/params.js';

/** The objects that the steps so far have made, by name. */
export class Objects {
  readonly #kinds: Map<string, ObjectKind>;
  #key: string | undefined;

  constructor(kinds: Iterable<readonly [string, ObjectKind]>) {
    this.#kinds = new Map(kinds);
  }

  get(name: string): ObjectKind | undefined {
    return this.#kinds.get(name);
  }

  set(name: string, kind: ObjectKind): void {
    if (this.#kinds.get(name) === kind) return;
    this.#kinds.set(name, kind);
    this.#key = undefined;
  }

  names(): string[] {
    return [...this.#kinds.keys()];
  }

  /** All names and kinds in one string: equal strings, equal objects. */
  key(): string {
    return (this.#key ??= [...this.#kinds].join(' '));
  }

  copy(): Objects {
    return new Objects(this.#kinds);
  }
}
