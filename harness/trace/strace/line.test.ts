// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { LineError, parseLine } from './line.js';

const value = (text: string): unknown => {
  const line = parseLine(`f(${text}) = 0`);
  return line.kind === 'call' ? line.args.map((a) => a.value) : undefined;
};
const n = (v: bigint): object => ({ kind: 'number', value: v });

describe('parseLine', () => {
  it.each([
    ['close(3) = 0', undefined],
    ['12 close(3) = 0', 12],
    ['[pid  12] close(3) = 0', 12],
    ['19:33:19.673919 close(3) = 0 <0.000010>', undefined],
    ['12 19:33:19 close(3) = 0', 12],
    ['[pid 12] 1795635199.673919 close(3) = 0', 12],
    ['12      0.000031 close(0x3)          = 0', 12],
    ['     0.000031 close(3) = 0', undefined],
    ['[00007f92b88173b7] close(3) = 0', undefined],
    ['close(3</dev/kvm<char 10:232>>) = 0', undefined],
    ['close(3<UNIX-STREAM:[239689->239688]>) = 0', undefined],
  ])('reads %s', (text, pid) => {
    const line = parseLine(text);
    expect(line).toMatchObject({
      kind: 'call',
      name: 'close',
      args: [{ value: n(3n) }],
      returned: { errno: '0' },
    });
    expect(line.pid).toBe(pid);
  });

  it.each([
    ['-1 EAGAIN (Resource temporarily unavailable)', { errno: 'EAGAIN', value: -1n }],
    ['-1 EINVAL (Invalid argument) (INJECTED)', { errno: 'EINVAL', value: -1n }],
    ['0x7f92b87c5000', { errno: '0', value: 0x7f92b87c5000n }],
    ['7<anon_inode:[kvm-gmem]> <0.1>', { errno: '0', value: 7n, path: 'anon_inode:[kvm-gmem]' }],
    ['? ERESTARTSYS (To be restarted if SA_RESTART is set)', {}],
    ['?', {}],
  ])('reads the result %s', (text, returned) => {
    expect(parseLine(`ioctl(3, 4, 5) = ${text}`)).toMatchObject({ returned });
  });

  it.each([
    ['KVM_CREATE_VM', n(0xae01n)],
    ['0xae01 /* KVM_CREATE_VM */', n(0xae01n)],
    ['_IOC(_IOC_READ|_IOC_WRITE, 0xae, 0xd2, 0x80)', n(0xc080aed2n)],
    ['PROT_READ|PROT_WRITE', n(3n)],
    ['0x1200000 /* A|B */|17 /* SIGCHLD */', n(0x1200011n)],
    ['0600', n(0o600n)],
    ['S_IFREG|0600', n(0o100600n)],
    ['-1', n(-1n)],
    ['NO_SUCH_NAME', { kind: 'opaque' }],
    ['makedev(0xfe, 0)', { kind: 'opaque' }],
    ['"a\\"),b"...', { kind: 'string', text: 'a\\"),b' }],
    ['[1, 2]', { kind: 'list', items: [n(1n), n(2n)] }],
    ['{a=1, b={c=2}, ...}', { kind: 'struct', members: new Map([['a', n(1n)], ['b', { kind: 'struct', members: new Map([['c', n(2n)]]) }]]) }], // prettier-ignore
    ['{a=1} => {a=2}', { kind: 'struct', members: new Map([['a', n(1n)]]) }],
  ])('reads the argument %s', (text, expected) => expect(value(text)).toEqual([expected]));

  it('reads signals, ends and notes', () => {
    const signal = parseLine('5 --- SIGBUS {si_signo=SIGBUS, si_code=BUS_ADRERR, si_addr=0x7f08} ---');
    expect(signal).toMatchObject({ kind: 'signal', name: 'SIGBUS', pid: 5 });
    expect(signal.kind === 'signal' && signal.info.get('si_addr')).toEqual(n(0x7f08n));
    expect(parseLine('5 +++ exited with 0 +++').kind).toBe('end');
    expect(parseLine('5 +++ killed by SIGBUS (core dumped) +++').kind).toBe('end');
    expect(parseLine('--- stopped by SIGSTOP ---').kind).toBe('note');
    expect(parseLine('strace: Process 32296 attached').kind).toBe('note');
  });

  it.each([
    ['hello world', 'expected a line of strace'],
    ['ioctl(3, {a=1', "expected '}'"],
    ['ioctl(3, 4', "expected ')'"],
    ['ioctl(3, 4)', "expected ' = '"],
    [`f(${'['.repeat(100)}`, 'nested'],
    ['close(3</dev', "expected '>'"],
  ])('refuses %s', (text, problem) => expect(() => parseLine(text)).toThrow(problem));

  it.each([
    ['comments that do not end', `f(${'/*,'.repeat(300_000)}`],
    ['blanks', `f(1${' '.repeat(900_000)}x`],
    ['brackets', `f(${'[{'.repeat(400_000)}`],
    ['arguments', `f(${'a=1|2,'.repeat(150_000)}`],
    ['quotes', `f(${'"\\'.repeat(300_000)}`],
    ['angles', `f(${'1<'.repeat(400_000)}`],
    ['results', `f() = 1${'<a'.repeat(400_000)}`],
    ['digits', '1 '.repeat(400_000)],
  ])('takes no longer than the length of the line for many %s', (_what, text) => {
    const started = performance.now();
    try {
      parseLine(text);
    } catch (error) {
      expect(error).toBeInstanceOf(LineError);
    }
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
