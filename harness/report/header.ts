// SPDX-License-Identifier: GPL-2.0-only
import type { RunIdentity } from '../judge/verdict.js';
import { oneLine } from './text.js';

/** The lines, without comment marks, that say on what a report was made. They are not part of its body. */
export function headerLines(identity: RunIdentity): string[] {
  const { target, arch, release, profile, pageSize, boot, evidence } = identity;
  return [
    `target: ${target}`,
    `arch: ${arch}`,
    `kernel: ${release}`,
    `profile: ${profile}`,
    `page size: ${pageSize}`,
    ...(boot === undefined ? [] : [`boot: ${boot}`]),
    evidence === 'kernel' ? 'evidence: kernel' : 'evidence: model, this run says nothing about any kernel',
  ].map(oneLine);
}
