// SPDX-License-Identifier: GPL-2.0-only
import { TargetError } from '../target/executor.js';
import type { Arch } from '../uapi/arch.js';
import { EXIT } from './exit.js';

/**
 * Run something for one architecture after the other. What fails for one for want of an environment is said,
 * counts as exit code 3, and keeps no other from running.
 * @param one tells its exit code when it knows it, so that a failure to clean up afterwards does not hide it
 * @param say gets text for stderr
 * @returns the exit codes, for `worst()`
 * @throws everything that is not a TargetError
 */
export async function eachArch(
  list: readonly Arch[],
  one: (arch: Arch, ended: (code: number) => void) => Promise<void>,
  say: (text: string) => void = (text) => process.stderr.write(text),
): Promise<number[]> {
  const codes: number[] = [];
  for (const arch of list) {
    try {
      await one(arch, (code) => codes.push(code));
    } catch (e) {
      if (!(e instanceof TargetError)) throw e;
      say(`${list.length > 1 ? `${arch}: ` : ''}${e.message}\n`);
      codes.push(EXIT.environment);
    }
  }
  return codes;
}
