// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { TargetError } from '../../harness/target/executor.js';

/** A patch that is to be applied to a source tree. */
export interface Patch {
  /** What messages call it: a file, or the subject of a mail. */
  name: string;
  /** A unified diff for `patch -p1`, with whatever text around it. */
  text: string;
}

/** @throws TargetError naming the file that cannot be read. */
export function readPatches(files: readonly string[]): Promise<Patch[]> {
  return Promise.all(
    files.map(async (file) => {
      try {
        return { name: file, text: await readFile(file, 'utf8') };
      } catch (cause) {
        throw new TargetError(`${file}: expected a patch, cannot read it: ${String(cause)}`, 'fatal', {
          cause,
        });
      }
    }),
  );
}

/** What of a series decides the result: the contents and their order, not the names. */
export function patchHashes(patches: readonly Patch[]): string[] {
  return patches.map(({ text }) => createHash('sha256').update(text).digest('hex'));
}

/** `a/path` or `b/path` of a header line without the first component, as -p1 takes it. */
function stripped(word: string): string | undefined {
  const path = (word.split('\t')[0] ?? '').trim();
  return path === '/dev/null' || !path.includes('/') ? undefined : path.slice(path.indexOf('/') + 1);
}

/**
 * The files that a patch reads or writes, relative to the top of the tree.
 *
 * @throws TargetError when there are none, or one is outside the tree.
 */
export function touchedFiles({ name, text }: Patch): string[] {
  const files = new Set<string>();
  for (const line of text.split('\n')) {
    const [, header] = /^(?:---|\+\+\+) (\S.*)$/.exec(line) ?? [];
    const [, moved] = /^(?:rename|copy) (?:from|to) (\S.*)$/.exec(line) ?? [];
    const file = header === undefined ? moved : stripped(header);
    if (file !== undefined) files.add(file);
  }
  if (files.size === 0)
    throw new TargetError(`${name}: expected a unified diff with a/… and b/… paths, found none`);
  for (const file of files) {
    if (file.startsWith('/') || file.split('/').includes('..'))
      throw new TargetError(`${name}: expected paths inside the source tree, got ${file}`);
  }
  return [...files].sort();
}

/** The first file and hunk that `patch` could not place, from what it printed. */
function failedHunk(output: string): string {
  let file = '';
  let lost = false;
  for (const line of output.split('\n')) {
    const [, patching] = /^patching file '?(.+?)'?(?: \(.*\))?$/.exec(line) ?? [];
    file = patching ?? file;
    lost ||= line.startsWith("can't find file to patch");
    // Then it quotes the patch.
    const [, quoted] = /^\|\+\+\+ (\S+)/.exec(line) ?? [];
    if (lost && quoted !== undefined) return `there is no ${stripped(quoted) ?? quoted}`;
    const [, hunk, at] = /^Hunk #(\d+) (?:FAILED|ignored) at (\d+)/.exec(line) ?? [];
    if (hunk !== undefined) return `${file}, hunk ${hunk} (line ${at ?? '?'}) does not match`;
    if (/^(?:Reversed|The next patch would)/.test(line)) return `${file}: ${line}`;
  }
  return [file, ...output.trim().split('\n').slice(-1)].filter((part) => part !== '').join(': ');
}

/**
 * Apply patches in order below a directory. Lines may have moved, but context must match exactly (no fuzz): a
 * hunk that lands in the wrong place compiles more often than one would like.
 *
 * @param tree what messages call the source, e.g. `linux-source-7.3 7.3.4-1`.
 * @throws TargetError naming the patch, the file and the hunk that does not apply.
 */
export async function applyPatches(
  directory: string,
  patches: readonly Patch[],
  tree: string,
): Promise<void> {
  for (const patch of patches) {
    const options = ['-p1', '--forward', '--fuzz=0', '--batch', '--no-backup-if-mismatch', '--reject-file=-'];
    const { exitCode, all, shortMessage } = await execa('patch', options, {
      cwd: directory,
      env: { LC_ALL: 'C', POSIXLY_CORRECT: undefined, PATCH_VERSION_CONTROL: undefined },
      input: patch.text,
      reject: false,
      all: true,
    });
    if (exitCode === 0) continue;
    if (exitCode === undefined)
      throw new TargetError(`applying patches needs patch: ${shortMessage ?? ''}; run: apt install patch`);
    throw new TargetError(`${patch.name} does not apply to ${tree}: ${failedHunk(all)}`);
  }
}
