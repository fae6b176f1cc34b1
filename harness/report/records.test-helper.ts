// SPDX-License-Identifier: GPL-2.0-only
/** Records for tests of reports: one of every verdict. */
import type { CaseRecord, RunIdentity, Verdict } from '../judge/verdict.js';

export const IDENTITY: RunIdentity = {
  target: 'qemu:mainline-7.3',
  arch: 'x86_64',
  release: '7.3.4-gmemcheck',
  profile: 'd0-mainline',
  pageSize: 4096,
  evidence: 'kernel',
};

export function makeRecord(suite: string, point: string, overrides: Partial<CaseRecord> = {}): CaseRecord {
  const id = `${suite}/${point}`;
  return {
    id,
    suite,
    about: 'Every reserved flag bit is refused.',
    verdict: 'pass',
    mismatches: [],
    calls: [],
    replay: `gmemcheck run --target qemu:mainline-7.3 '${id}'`,
    durationMs: 1.5,
    ...overrides,
  };
}

const CALL = 'ioctl(4, KVM_CREATE_GUEST_MEMFD, {size=0x1000, flags=0x8}) = 5';

/** Two suites with a case of every verdict, in the order in which a scheduler records them. */
export const EVERY_VERDICT: readonly CaseRecord[] = [
  makeRecord('create/flags', 'each-bit[bit=0]'),
  makeRecord('create/flags', 'each-bit[bit=3]', {
    verdict: 'fail',
    rules: ['gmem.create.flags-known', 'gmem.create.flags-unknown-einval'],
    mismatches: [
      {
        step: 3,
        where: 'suites/create.yaml:12:5',
        what: 'create_gmem: {size: page_size, flags: 1 << 3}',
        expected: 'EINVAL',
        seen: '5 (a file descriptor)',
        calls: [CALL],
      },
    ],
    calls: ['ioctl(3, KVM_CREATE_VM, 0) = 4', CALL],
  }),
  makeRecord('create/flags', 'each-bit[bit=4]', {
    verdict: 'skip',
    code: 'feature:fork',
    reason: 'the host target cannot fork',
  }),
  makeRecord('create/flags', 'each-bit[bit=5]', { verdict: 'xfail', reason: 'known since 7.3' }),
  makeRecord('create/flags', 'each-bit[bit=6]', { verdict: 'xpass', reason: 'known since 7.3' }),
  makeRecord('faults/sigbus', 'beyond-eof', {
    verdict: 'error',
    reason: 'Expected an end frame, got end of file',
    calls: [CALL],
  }),
  makeRecord('faults/sigbus', 'private-page', {
    verdict: 'crash',
    reason: 'Kernel panic - not syncing: VFS: sysrq triggered crash',
    crash: {
      kind: 'panic',
      title: 'Kernel panic - not syncing: VFS: sysrq triggered crash',
      excerpt: [
        '[   12.345678] Kernel panic - not syncing: VFS: sysrq triggered crash',
        '[   12.345679][   T57] CPU: 0 UID: 0 PID: 57 Comm: init',
        '[   12.345680] RSP: 0018:ffffc90000123e40 reboot: System halted',
      ],
    },
    calls: [CALL],
  }),
];

/** The records of {@link EVERY_VERDICT} that have this verdict, as a suite of their own. */
export function ofVerdict(verdict: Verdict): CaseRecord[] {
  return EVERY_VERDICT.filter((record) => record.verdict === verdict);
}
