// SPDX-License-Identifier: GPL-2.0-only

/**
 * A value as JSON with sorted keys, two-space indentation and a final newline: equal values give equal bytes,
 * and differences give small diffs. Bigints are decimal strings, undefined members are left out.
 */
export function canonicalJson(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_key, member: unknown) => {
      if (typeof member === 'bigint') return member.toString();
      if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
      return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
    },
    2,
  );
  return `${text}\n`;
}
