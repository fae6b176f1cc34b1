// SPDX-License-Identifier: GPL-2.0-only

/** What `select` says when a pattern matches nothing: bad input, exit code 2. */
export class SelectError extends Error {
  override name = 'SelectError';
}

/**
 * Points whose id matches one of the patterns. A pattern is an id, the beginning of one up to a `/` or `[`
 * (an area, a suite, a case), or contains `*` for any characters. Brackets mean themselves, as ids have them.
 * @param what the things that are selected, for messages, and the command that lists them
 * @throws SelectError naming the first pattern that matches nothing
 */
export function select<P extends { id: string }>(
  points: readonly P[],
  patterns: readonly string[],
  what = { name: 'a test point, suite or area', list: 'list' },
): P[] {
  if (patterns.length === 0) return [...points];
  const tests = patterns.map(matcher);
  tests.forEach((test, i) => {
    if (!points.some((p) => test(p.id))) {
      throw new SelectError(
        `expected ${what.name}, or a pattern with *, got '${patterns[i] ?? ''}': see gmemcheck ${what.list}`,
      );
    }
  });
  return points.filter((p) => tests.some((test) => test(p.id)));
}

function matcher(pattern: string): (id: string) => boolean {
  if (pattern.includes('*')) {
    const source = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
    const re = new RegExp(`^${source.join('.*')}$`);
    return (id) => re.test(id);
  }
  return (id) => id === pattern || (id.startsWith(pattern) && /^[/[]/.test(id.slice(pattern.length)));
}
