// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { parseKtap } from './ktap-parse.test-helper.js';
import { renderKtap } from './ktap.js';
import { EVERY_VERDICT, IDENTITY, makeRecord, ofVerdict } from './records.test-helper.js';

describe('renderKtap', () => {
  it('gives two levels that the kernel reads without complaint', () => {
    const { main, errors, rest } = parseKtap(renderKtap(IDENTITY, EVERY_VERDICT));
    expect(errors).toEqual([]);
    expect(main.subtests.map(({ name, status }) => [name, status])).toEqual([
      ['create/flags', 'failure'],
      ['faults/sigbus', 'failure'],
    ]);
    const points = main.subtests.flatMap(({ subtests }) => subtests);
    expect(points.map(({ name }) => name)).toEqual(EVERY_VERDICT.map(({ id }) => id));
    expect(points.map(({ status }) => status)).toEqual([
      'success',
      'failure',
      'skipped',
      'success',
      'failure',
      'failure',
      'failure',
    ]);
    expect(points[2]?.skipReason).toBe('feature:fork the host target cannot fork');
    expect(rest).toEqual(['# Totals: pass:1 fail:2 xfail:1 xpass:1 skip:1 error:1']);
  });

  it('uses the directives of ktap.rst', () => {
    const hang = makeRecord('x', 'hang', {
      verdict: 'crash',
      crash: { kind: 'hang', title: 'no answer', excerpt: [] },
    });
    const lines = renderKtap(IDENTITY, [...EVERY_VERDICT, hang]).split('\n');
    const results = lines.filter((line) => /^ {2}(not )?ok/.test(line) && line.includes(' # '));
    expect(results).toEqual([
      '  ok 3 create/flags/each-bit[bit=4] # SKIP feature:fork the host target cannot fork',
      '  ok 4 create/flags/each-bit[bit=5] # XFAIL known since 7.3',
      '  not ok 5 create/flags/each-bit[bit=6] # XPASS known since 7.3',
      '  not ok 1 faults/sigbus/beyond-eof # ERROR Expected an end frame, got end of file',
      '  not ok 2 faults/sigbus/private-page # CRASH Kernel panic - not syncing:  VFS: sysrq triggered crash',
      '  not ok 1 x/hang # TIMEOUT no answer',
    ]);
  });

  it('puts the diagnostics of a failure directly before its result', () => {
    const { main } = parseKtap(renderKtap(IDENTITY, ofVerdict('fail')));
    expect(main.subtests[0]?.subtests[0]?.log.map((line) => line.trim())).toEqual([
      '# create/flags/each-bit[bit=3]: fail',
      '#   about: Every reserved flag bit is refused.',
      '#   rules: gmem.create.flags-known, gmem.create.flags-unknown-einval',
      '#   step 3 at suites/create.yaml:12:5: create_gmem: {size: page_size, flags: 1 << 3}',
      '#     call: ioctl(4, KVM_CREATE_GUEST_MEMFD, {size=0x1000, flags=0x8}) = 5',
      '#     expected: EINVAL',
      '#     seen: 5 (a file descriptor)',
      '#   program: ioctl(3, KVM_CREATE_VM, 0) = 4',
      '#   program: ioctl(4, KVM_CREATE_GUEST_MEMFD, {size=0x1000, flags=0x8}) = 5',
      "#   replay: gmemcheck run --target qemu:mainline-7.3 'create/flags/each-bit[bit=3]'",
    ]);
  });

  it('survives odd names, and texts that look like structure', () => {
    const text = 'a # SKIP b\nok 1 x\rKTAP version 1\r\n1..3 reboot: System halted List of all partitions:';
    const names = ['a#b', 'a # SKIP', 'sp ace', 'ok', '1..2', '-', 'odd', 'line\nfeed', 'back\\'];
    const records = names.flatMap((name) => [
      makeRecord('odd', name, { verdict: 'xfail', reason: text }),
      makeRecord('odd', `${name}.`, { verdict: 'error', reason: text, calls: [text], about: text }),
    ]);
    const { main, errors } = parseKtap(renderKtap(IDENTITY, records));
    expect(errors).toEqual([]);
    const points = main.subtests[0]?.subtests ?? [];
    expect(points.map(({ name }) => decodeURIComponent(name))).toEqual(records.map(({ id }) => id));
    expect(new Set(points.map(({ status }) => status))).toEqual(new Set(['success', 'failure']));
  });

  it('skips a suite whose cases were all skipped', () => {
    const { main, errors } = parseKtap(renderKtap(IDENTITY, ofVerdict('skip')));
    expect([main.subtests[0]?.status, errors]).toEqual(['skipped', []]);
  });

  it('is a failure to every reader when the run was abandoned, whatever passed before', () => {
    const text = renderKtap(IDENTITY, ofVerdict('pass'), 'guest lost # SKIP\nok 1 x');
    expect(text).toContain('\n1..2\n');
    expect(text).toContain('\nnot ok 2 gmemcheck # ERROR guest lost \\# SKIP ok 1 x\nBail out! guest lost');
    const { main, errors } = parseKtap(text);
    expect(errors).toEqual([]);
    expect(main.status).toBe('failure');
    expect(main.subtests.map(({ status }) => status)).toEqual(['success', 'failure']);
  });

  it('is a failure when nothing was recorded', () => {
    const text = renderKtap(IDENTITY, []);
    expect(text).toContain(
      '1..1\nnot ok 1 gmemcheck # ERROR no case was executed\nBail out! no case was exec',
    );
    expect(parseKtap(text)).toMatchObject({ errors: [], main: { status: 'failure' } });
  });

  it('does not name the failure of the run like a suite', () => {
    const text = renderKtap(IDENTITY, [makeRecord('gmemcheck', 'x')], 'guest lost');
    expect(text).toContain('not ok 2 gmemcheck-run # ERROR guest lost');
    expect(parseKtap(text)).toMatchObject({ errors: [], main: { status: 'failure' } });
  });

  it('gives equal bytes for equal records, and refuses suites out of order', () => {
    const later = EVERY_VERDICT.map((record) => ({ ...record, durationMs: 99 }));
    expect(renderKtap(IDENTITY, later)).toBe(renderKtap(IDENTITY, EVERY_VERDICT));
    const mixed = [makeRecord('a', 'x'), makeRecord('b', 'x'), makeRecord('a', 'y')];
    expect(() => renderKtap(IDENTITY, mixed)).toThrow('grouped by suite');
  });
});
