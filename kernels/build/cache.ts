// SPDX-License-Identifier: GPL-2.0-only
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * A path below gmemcheck's cache: `$XDG_CACHE_HOME/gmemcheck/…parts`, or `~/.cache/gmemcheck/…parts` when
 * the variable is unset, empty or relative (the XDG base directory specification says to ignore a relative
 * one). Only names the path; the caller creates it.
 *
 * @param parts path components below the cache directory, e.g. `cacheDir('agent', hash)`.
 */
export function cacheDir(...parts: string[]): string {
  const configured = process.env.XDG_CACHE_HOME ?? '';
  const base = isAbsolute(configured) ? configured : join(homedir(), '.cache');
  return join(base, 'gmemcheck', ...parts);
}
