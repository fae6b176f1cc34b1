// SPDX-License-Identifier: GPL-2.0-only
const ATTACHED = /^(?:\[pid\s+\d+\]\s*)?strace: Process (\d+) attached/;

/**
 * Which process a line is of. strace leaves the id away while there is one process only, unless it writes to a
 * file; then the first process has the id 0 here, also in lines that name it.
 */
export class Pids {
  /** Processes that are known to have been made by others. */
  readonly #children = new Set<number>();
  readonly #live = new Set<number>();
  /** What the log calls the process that stands here as 0. */
  #first: number | undefined;

  /** Learn from a message of strace itself. */
  note(text: string): void {
    const digits = ATTACHED.exec(text)?.[1];
    if (digits !== undefined) this.child(Number(digits));
  }

  /** A process that another one made. */
  child(pid: number): void {
    this.#children.add(pid);
  }

  /** @param given as the line has it */
  of(given: number | undefined): number {
    const pid = given === undefined ? this.#unnamed() : this.#named(given);
    this.#live.add(pid);
    return pid;
  }

  end(pid: number): void {
    this.#live.delete(pid);
  }

  #unnamed(): number {
    const [only] = this.#live;
    return this.#live.size === 1 && only !== undefined ? only : 0;
  }

  #named(given: number): number {
    if (given === this.#first) return 0;
    const isFirst = this.#first === undefined && this.#live.has(0) && !this.#children.has(given);
    if (!isFirst || this.#live.has(given)) return given;
    this.#first = given;
    return 0;
  }
}
