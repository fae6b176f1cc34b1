// SPDX-License-Identifier: GPL-2.0-only
/**
 * Numbers for values, equal for values that are equal in structure. What states share is numbered once: a state
 * costs no more than what its last step changed. Order counts nowhere but in arrays: maps, sets and objects are
 * the same whichever way they were filled.
 */
export class Fingerprints {
  private readonly known = new WeakMap<object, number>();
  private readonly byText = new Map<string, number>();

  /** The number of a value made of plain objects, arrays, maps, sets and scalars. */
  of(value: unknown): number {
    if (typeof value !== 'object' || value === null) return this.number(`${typeof value}:${String(value)}`);
    const known = this.known.get(value);
    if (known !== undefined) return known;
    const number = this.number(this.text(value));
    this.known.set(value, number);
    return number;
  }

  private text(value: object): string {
    if (Array.isArray(value)) return `[${value.map((v) => this.of(v)).join(',')}]`;
    const entries: [unknown, unknown][] =
      value instanceof Map
        ? [...value]
        : value instanceof Set
          ? [...value].map((v) => [v, true])
          : Object.entries(value);
    const parts = entries.filter(([, v]) => v !== undefined).map(([k, v]) => `${this.of(k)}=${this.of(v)}`);
    return `{${parts.sort().join(',')}}`;
  }

  private number(text: string): number {
    const known = this.byText.get(text);
    if (known !== undefined) return known;
    this.byText.set(text, this.byText.size);
    return this.byText.size - 1;
  }
}
