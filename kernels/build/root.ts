// SPDX-License-Identifier: GPL-2.0-only
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * A path inside this package, wherever the calling module was compiled to: data files (recipes, fragments,
 * machines, the agent's source) stay where they are while the code also runs from `dist/`.
 *
 * @param parts components below the directory that holds package.json.
 */
export function packagePath(...parts: string[]): string {
  let at = import.meta.dirname;
  while (!existsSync(join(at, 'package.json'))) {
    const up = dirname(at);
    if (up === at) throw new Error(`expected a package.json above ${import.meta.dirname}, found none`);
    at = up;
  }
  return join(at, ...parts);
}
