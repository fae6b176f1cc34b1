// SPDX-License-Identifier: GPL-2.0-only
import { TargetError } from '../../harness/target/executor.js';

/** Symbols and values as .config writes them: `y`, `m`, `n`, a number or a quoted string. */
export type KernelConfig = Map<string, string>;

/** Requested kernel options that did not come out as requested: the fragments are wrong for this kernel. */
export class ConfigError extends TargetError {
  override name = 'ConfigError';
}

/** Parse a .config or a fragment; `# CONFIG_X is not set` is `n`, and the last line about a symbol counts. */
export function parseConfig(text: string): KernelConfig {
  const config: KernelConfig = new Map();
  for (const line of text.split('\n')) {
    const [, unset] = /^# (CONFIG_\w+) is not set$/.exec(line) ?? [];
    const [, symbol, value] = /^(CONFIG_\w+)=(.*)$/.exec(line) ?? [];
    if (unset !== undefined) config.set(unset, 'n');
    else if (symbol !== undefined && value !== undefined) config.set(symbol, value);
  }
  return config;
}

/**
 * Check that each requested symbol has the requested value after olddefconfig, which silently drops what
 * its dependencies do not allow. A symbol that is absent counts as `n`.
 *
 * @param fragments name and text of each fragment, in the order they were merged.
 * @param result text of the final .config.
 * @throws ConfigError listing every symbol that differs, with the fragment that asked for it.
 */
export function verifyConfig(fragments: readonly { name: string; text: string }[], result: string): void {
  const wanted = new Map<string, { value: string; fragment: string }>();
  for (const { name, text } of fragments) {
    for (const [symbol, value] of parseConfig(text)) wanted.set(symbol, { value, fragment: name });
  }
  const actual = parseConfig(result);
  const wrong = [...wanted].flatMap(([symbol, { value, fragment }]) => {
    const got = actual.get(symbol) ?? 'n';
    return got === value ? [] : [`  ${symbol}: expected ${value} (fragment ${fragment}), got ${got}`];
  });
  if (wrong.length === 0) return;
  throw new ConfigError(
    [
      `${wrong.length} kernel option(s) did not come out as requested:`,
      ...wrong,
      'Add what they depend on, or drop them.',
    ].join('\n'),
  );
}
