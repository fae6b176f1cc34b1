// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import type { Step } from '../program/step.js';
import { expandSuite } from './expand.js';
import { ARM, first, pointsOf, profile, suiteOf, X86 } from './suites.test-helper.js';

const ids = (body: string): string[] => pointsOf(body).map((p) => p.id);
const create = 'steps: [{ create_vm: default }, { create_gmem: { size: $s } }]\n';
const one = 'steps: [{ create_vm: default }]\n';

/** The steps of the first point. */
function steps(body: string, context = X86): readonly Step[] {
  return first(pointsOf(body, context)).program.steps.map((s) => s.step);
}

describe('ids of points', () => {
  it('are the case alone where nothing varies', () => expect(ids(one)).toEqual(['a/b/c']));

  it('name rows of a table', () => {
    expect(ids(`table: [{ name: zero, s: 0 }, { name: one, s: 1 }]\n${create}`)).toEqual([
      'a/b/c[zero]',
      'a/b/c[one]',
    ]);
  });

  it('name variables of a matrix in the order written, the last varying fastest', () => {
    expect(ids(`matrix: { s: 1..2, a: [x, y] }\n${create}`)).toEqual([
      'a/b/c[s=1,a=x]',
      'a/b/c[s=1,a=y]',
      'a/b/c[s=2,a=x]',
      'a/b/c[s=2,a=y]',
    ]);
  });

  it('put the row of a table before the variables of a matrix', () => {
    expect(ids(`matrix: { a: [1, 2] }\ntable: [{ name: r, s: 0 }, { name: q, s: 1 }]\n${create}`)).toEqual([
      'a/b/c[r,a=1]',
      'a/b/c[r,a=2]',
      'a/b/c[q,a=1]',
      'a/b/c[q,a=2]',
    ]);
  });

  it('show expressions as written, without blanks, and numbers in decimal', () => {
    expect(ids(`matrix: { s: [2 * page_size, 0x10] }\n${create}`)).toEqual([
      'a/b/c[s=2*page_size]',
      'a/b/c[s=16]',
    ]);
  });

  it('are the same for every architecture', () => {
    const body = `matrix: { s: 1..3 }\n${create}`;
    expect(pointsOf(body, ARM).map((p) => p.id)).toEqual(ids(body));
  });
});

describe('numbers of a point', () => {
  it('follow the page size', () => {
    const body = 'steps: [{ create_vm: default }, { create_gmem: { size: 2*page_size } }]\n';
    expect(steps(body, { ...ARM, pageSize: 65536 })[1]).toMatchObject({ size: 131072n });
    expect(steps(body)[1]).toMatchObject({ size: 8192n });
  });

  it('come from the row and from the matrix', () => {
    const body =
      'table: [{ name: r, s: page_size }]\nmatrix: { bit: [63] }\n' +
      'steps: [{ create_vm: default }, { create_gmem: { size: $s, flags: 1<<$bit } }]\n';
    expect(steps(body)[1]).toMatchObject({ size: 4096n, flags: 1n << 63n });
  });

  it('default as the verb says', () => {
    expect(steps(create.replace('$s', '1'))[1]).toEqual({
      verb: 'create_gmem',
      vm: 'vm',
      size: 1n,
      flags: 0n,
      reserved: [],
      arg: 'good',
      as: 'gmem',
    });
  });

  it('differ between architectures where the constant does', () => {
    const body = 'steps: [{ check_extension: { cap: O_DIRECT } }]\n';
    expect(steps(body)[0]).toMatchObject({ cap: 0o40000n });
    expect(steps(body, ARM)[0]).toMatchObject({ cap: 0o200000n });
  });

  it('take the constants of the profile', () => {
    const body = 'steps: [{ check_extension: { cap: KVM_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES } }]\n';
    expect(steps(body, { ...X86, profile: profile('d8-7.4') })[0]).toMatchObject({ cap: 252n });
    expect(() => steps(body)).toThrow("unknown name 'KVM_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES'");
  });
});

describe('nonces', () => {
  const body =
    'matrix: { i: 0..99 }\nsteps: [{ create_vm: { raw: nonce.a } }, { create_vm: { raw: nonce.b } }, { create_vm: { raw: nonce.a } }]\n';
  const nonces = (): bigint[][] =>
    pointsOf(body).map((p) =>
      p.program.steps.map(({ step }) => (step.verb === 'create_vm' ? (step.raw ?? 0n) : 0n)),
    );

  it('are the same wherever a point names them, and in every run', () => {
    for (const [a, , again] of nonces()) expect(again).toBe(a);
    expect(nonces()).toEqual(nonces());
    expect(nonces()[0]?.[0]).toBe(9_262_899_836_800_876_585n);
  });

  it('belong to one point and one name, and are never zero', () => {
    const all = nonces().flatMap(([a, b]) => [a, b]);
    expect(new Set(all).size).toBe(200);
    expect(all).not.toContain(0n);
  });
});

describe('where a point applies', () => {
  const skip = (body: string, context = X86, head = '') => first(pointsOf(body, context, head)).skip;

  it('is everywhere, unless said otherwise', () => expect(skip(one)).toBeUndefined());

  it('is on the architectures of the case, else of the suite', () => {
    expect(skip(`arch: [aarch64]\n${one}`)).toEqual({
      code: 'arch:x86_64',
      reason: 'holds for aarch64 only',
    });
    expect(skip(`arch: [aarch64]\n${one}`, ARM)).toBeUndefined();
    expect(skip(one, X86, 'arch: [aarch64]\n')?.code).toBe('arch:x86_64');
    expect(skip(`arch: [x86_64]\n${one}`, X86, 'arch: [aarch64]\n')).toBeUndefined();
  });

  it('is on the profiles of the case, else of the suite', () => {
    expect(skip(`profiles: [d8-7.4]\n${one}`)).toEqual({
      code: 'profile:d0-mainline',
      reason: 'holds for d8-7.4 only',
    });
    expect(skip(one, X86, 'profiles: [d8-7.4]\n')?.code).toBe('profile:d0-mainline');
  });

  it('leaves what the suite and the case require', () => {
    const body = `profiles: [d8-7.4]\nrequires: [b]\n${one}`;
    expect(first(pointsOf(body, X86, 'requires: [c, a]\n')).requires).toEqual(['a', 'b', 'c']);
  });

  it('is on the profiles of an ordinal or of a range of them', () => {
    expect(skip(`profiles: [d1, d3..d8]\n${one}`)?.reason).toBe('holds for d1, d3..d8 only');
    expect(skip(`profiles: [d0..d1]\n${one}`)).toBeUndefined();
    expect(skip(`profiles: [d3..d8]\n${one}`, { ...X86, profile: profile('d5') })).toBeUndefined();
  });

  it('does not ask a skipped point for expectations or constants that it lacks here', () => {
    const body =
      'arch: [x86_64]\nsteps: [{ create_vm: default, expect: { x86_64: { errno: 0 } } }, { check_extension: nonsense }]\n';
    expect(first(pointsOf(body, ARM)).program.steps).toEqual([]);
    expect(() => pointsOf(body)).toThrow("unknown name 'nonsense'");
  });
});

describe('expectations', () => {
  const expected = (text: string, context = X86) =>
    first(
      pointsOf(
        `steps: [{ create_vm: default }, { check_extension: { cap: 1 }, expect: ${text} }]\n`,
        context,
      ),
    ).program.steps[1]?.expect;

  it('are success where none is written', () => {
    expect(first(pointsOf(one)).program.steps[0]?.expect).toEqual({ fields: {} });
  });
  it('hold as written', () => expect(expected('{ errno: EINVAL }')).toEqual({ errno: 'EINVAL', fields: {} }));
  it('are 64-bit patterns', () => {
    expect(expected('{ value: -1 }')).toEqual({ fields: { value: (1n << 64n) - 1n } });
  });
  it('are those of the architecture', () => {
    const text = '{ x86_64: { value: 1 }, aarch64: { errno: EINVAL } }';
    expect(expected(text)).toEqual({ fields: { value: 1n } });
    expect(expected(text, ARM)).toEqual({ errno: 'EINVAL', fields: {} });
  });
  it('are those of the profile, and nest by architecture', () => {
    const text = '{ d0-mainline: { x86_64: { value: 2 }, aarch64: { value: 0 } }, d8-7.4: { value: 3 } }';
    expect(expected(text)).toEqual({ fields: { value: 2n } });
    expect(expected(text, { ...ARM, profile: profile('d8-7.4') })).toEqual({ fields: { value: 3n } });
  });
  it.each([
    ['d0', 1n],
    ['d1', 2n],
    ['d3', 3n],
    ['d5', 3n],
    ['d6', 4n],
    ['d8', 4n],
  ])('are those of the range that %s is in', (id, value) => {
    const text =
      '{ x86_64: { d0: { value: 1 }, d1: { value: 2 }, d3..d5: { value: 3 }, d6..d8: { value: 4 } } }';
    expect(expected(text, { ...X86, profile: profile(id) })).toEqual({ fields: { value } });
  });
});

describe('known failures', () => {
  it.each([
    ['everywhere', '{ reason: r }', 'r'],
    ['on this architecture', '{ reason: r, arch: [x86_64] }', 'r'],
    ['on another', '{ reason: r, arch: [aarch64] }', undefined],
    ['on this profile', '{ reason: r, profiles: [d0-mainline] }', 'r'],
    ['on another profile', '{ reason: r, profiles: [d8-7.4] }', undefined],
  ])('are recorded %s', (_where, text, reason) => {
    expect(first(pointsOf(`xfail: ${text}\n${one}`)).xfail).toBe(reason);
  });
});

describe('steps', () => {
  it('begin with those of the suite, unless the case has a fixture of its own', () => {
    const head = 'fixture: [{ create_vm: sw_protected }]\n';
    expect(first(pointsOf(one, X86, head)).program.steps.map((s) => s.step)).toMatchObject([
      { type: 'sw_protected' },
      { type: 'default' },
    ]);
    expect(first(pointsOf(`fixture: []\n${one}`, X86, head)).program.steps).toHaveLength(1);
  });

  it('know where they were written', () => {
    const point = first(pointsOf('steps:\n  - create_vm: default\n  - create_gmem: { size: 1 }\n'));
    expect(point.where).toBe('t.yaml:4:5');
    expect(point.program.steps.map((s) => s.where)).toEqual(['t.yaml:7:20', 't.yaml:8:22']);
  });

  it('of a duplicate treat it as what it duplicates', () => {
    const body = (what: string): string =>
      `steps: [{ create_vm: default }, { dup: { on: ${what}, as: d } }, { create_vcpu: { vm: d } }]\n`;
    expect(steps(body('vm'))).toHaveLength(3);
    expect(() => steps(body('kvm'))).toThrow("expected a vm, but 'd' is a kvm");
  });
});

describe('every point of a case', () => {
  const body = (second: string): string =>
    `matrix: { as: [gmem, other] }\nsteps: [{ create_vm: default }, { create_gmem: { size: 1, as: $as } }, ${second}]\n`;

  it('has its objects checked, also in a step that is written without variables', () => {
    expect(() => pointsOf(body('{ close: gmem }'))).toThrow(
      "an earlier step, got 'gmem' (known: kvm, vm, other)",
    );
  });

  it('has their kinds checked', () => {
    const steps = '{ dup: { on: $as, as: d } }, { create_vcpu: { vm: d } }';
    const text = `matrix: { as: [vm, gmem] }\nsteps: [{ create_vm: default }, { create_gmem: { size: 1 } }, ${steps}]\n`;
    expect(() => pointsOf(text)).toThrow("expected a vm, but 'd' is a gmem");
  });
});

describe('requirements', () => {
  const requires = (body: string): readonly string[] =>
    first(pointsOf(body, X86, 'requires: [gmem]\n')).requires;
  it.each([
    ['of suite and case, sorted', `requires: [numa, fork]\n${one}`, ['fork', 'gmem', 'numa']],
    ['of a VM type', 'steps: [{ create_vm: sw_protected }]\n', ['gmem', 'vm-sw-protected']],
    ['of the private type', 'steps: [{ create_vm: private_capable }]\n', ['gmem', 'vm-private']],
    [
      'not of a VM type that must be refused',
      'steps: [{ create_vm: tdx, expect: { errno: EINVAL } }]\n',
      ['gmem'],
    ],
    ['not of a type given as a number', 'steps: [{ create_vm: { type: tdx, raw: 5 } }]\n', ['gmem']],
    ['of a vCPU', 'steps: [{ create_vm: default }, { create_vcpu: {} }]\n', ['gmem', 'vcpu']],
    [
      'of a fork and of what its child does',
      'steps: [{ create_vm: default }, { fork: { steps: [{ open: { kind: memfd_secret } }] } }]\n',
      ['fork', 'gmem', 'memfd-secret'],
    ],
    ['of a hazard', 'steps: [{ sysrq: c }]\n', ['disposable', 'gmem']],
    [
      'of io_uring',
      'steps: [{ mmap: { length: 1 } }, { touch: { how: io_uring_buffer } }]\n',
      ['gmem', 'io-uring'],
    ],
  ])('are those %s', (_what, body, expected) => expect(requires(body)).toEqual(expected));
});

describe('a suite', () => {
  it('gives its points in the order of its cases', () => {
    const text =
      'suite: a/b\nabout: A.\nsource: [s]\ncases:\n' +
      '  - { id: z, about: Z., source: [t], steps: [{ create_vm: default }] }\n' +
      '  - { id: a, about: A., steps: [{ create_vm: default }] }\n';
    expect(expandSuite(suiteOf(text), X86)).toMatchObject([
      { id: 'a/b/z', about: 'Z.', source: ['s', 't'] },
      { id: 'a/b/a', about: 'A.', source: ['s'] },
    ]);
  });
});
