// SPDX-License-Identifier: GPL-2.0-only
/** Words longer than this are not typing errors of anything we know. */
const MAX_LENGTH = 60;

/**
 * The candidate that a misspelt word most likely stands for: fewest edits, at most a third of its length.
 * @returns undefined when none is close
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  let best: { name: string; edits: number } | undefined;
  for (const name of candidates) {
    const limit = Math.floor(Math.max(word.length, name.length) / 3);
    if (Math.abs(name.length - word.length) > limit) continue;
    const n = edits(word.toLowerCase(), name.toLowerCase());
    if (n <= limit && n < (best?.edits ?? Infinity)) best = { name, edits: n };
  }
  return best?.name;
}

/** `; did you mean 'x'?`, or nothing when no candidate is close. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const name = closest(word, candidates);
  return name === undefined ? '' : `; did you mean '${name}'?`;
}

/** Levenshtein distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
