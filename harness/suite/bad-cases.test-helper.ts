// SPDX-License-Identifier: GPL-2.0-only
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packagePath } from '../../kernels/build/root.js';

/** A suite file that must be rejected, and what must be said about it. */
export interface BadCase {
  name: string;
  text: string;
  /** Every message with source line and caret; the file is called `NAME.yaml`. */
  rejected: string;
}

const DIR = packagePath('harness', 'suite', 'testdata');

/**
 * Bad inputs of testdata/*.txt: `=== NAME`, the file, `=== is rejected`, the messages, a blank line.
 * @returns by theme, which is the name of the .txt file
 */
export function badCases(): Map<string, BadCase[]> {
  const files = readdirSync(DIR).filter((name) => name.endsWith('.txt'));
  return new Map(
    files.sort().map((file) => [basename(file, '.txt'), parse(readFileSync(join(DIR, file), 'utf8'))]),
  );
}

function parse(text: string): BadCase[] {
  return [...text.matchAll(/^=== (\S+)\n([^]*?)^=== is rejected\n([^]*?)\n(?=\n===|$(?![^]))/gm)].map(
    ([, name = '', body = '', rejected = '']) => ({ name, text: body, rejected }),
  );
}
