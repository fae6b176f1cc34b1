// SPDX-License-Identifier: GPL-2.0-only
import { InvalidArgumentError } from 'commander';

/** An option that may be given several times; unlike `<path...>` it leaves the arguments after it alone. */
export function repeated(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

/** A positive whole number from the command line. */
export function positive(text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1)
    throw new InvalidArgumentError(`expected a positive whole number, got '${text}'`);
  return n;
}

/** KERNEL in the environment is for targets that boot what is given; one that says what it runs on ignores it. */
export function withoutStrayKernel<O extends { target: string; kernel?: string }>(
  options: O,
  fromEnvironment: boolean,
): O {
  const boots = options.target === 'auto' || options.target === 'qemu';
  if (!fromEnvironment || (boots && options.kernel !== '')) return options;
  const others = { ...options };
  delete others.kernel;
  return others;
}
