// SPDX-License-Identifier: GPL-2.0-only

/** One measurement: does the thing once and returns what it took, or how much it achieved. */
export type Measure = () => Promise<number>;

/**
 * Measure several things in turn, A B C A B C …, so that a change of the machine's load hits all of them. A
 * first round warms caches and is thrown away.
 *
 * @param sides by name; the result has the samples under the same names.
 * @param repeat measured rounds.
 */
export async function interleave<K extends string>(
  sides: Readonly<Record<K, Measure>>,
  repeat: number,
): Promise<Record<K, number[]>> {
  const names = Object.keys(sides) as K[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let round = 0; round <= repeat; round++) {
    for (const name of names) {
      const sample = await sides[name]();
      if (round > 0) samples[name].push(sample);
    }
  }
  return samples;
}

/** Milliseconds that an action takes. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}
