// SPDX-License-Identifier: GPL-2.0-only
/** By what a run is told from another one: only the same points of the same suites may be continued. */
import { createHash } from 'node:crypto';

/** The text of a file that a run read. */
export interface ReadText {
  text: string;
}

/**
 * sha256 over what a run read: the suites that were loaded, wherever they are, in their order, and the file of
 * features. Of the texts in memory, so that a file changed meanwhile does not count; names do not count, as
 * they depend on the working directory, and every suite's text has its name in it.
 * @param features text of features.yaml, which decides what is skipped.
 * @returns hexadecimal
 */
export function suitesHash(sources: readonly ReadText[], features: string): string {
  return hashOf([...sources.map(({ text }) => text), features]);
}

/** sha256, hexadecimal, over the ids of the planned points in their order. */
export function pointsHash(points: readonly { id: string }[]): string {
  return hashOf(points.map(({ id }) => id));
}

/** JSON, because it keeps the borders between texts. */
function hashOf(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}
