// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { worldOf } from '../../spec/core/world.js';
import { RULES } from '../../spec/rules/index.js';
import { findProfile } from '../../uapi/profiles/index.js';
import { numbered } from '../strace/observed-text.test-helper.js';
import { observe } from '../strace/read-strace.js';
import { follow } from './follow.js';
import type { Followed } from './follow.js';

const ATTRIBUTES2 = '_IOC(_IOC_READ|_IOC_WRITE, 0xae, 0xd2, 0x80)';
const VM = `
  openat(AT_FDCWD, "/dev/kvm", O_RDWR|O_CLOEXEC) = 3
  ioctl(3, KVM_CREATE_VM, 0x1) = 4
`;
const UNKNOWN_FILE = 'ioctl(4, 0xc040aed4, 0x7ffc0000) = 6';
const KNOWN_FILE = 'ioctl(4, 0xc040aed4, {size=65536, flags=0x1, reserved=[0, 0, 0, 0, 0, 0]}) = 6';

async function judged(log: string, profile = 'd8'): Promise<Followed> {
  const found = findProfile(profile);
  if (!found) throw new RangeError(profile);
  return follow(RULES, worldOf(found, 'x86_64', 4096), observe('log', numbered(VM + log)));
}
const place = async (log: string, profile?: string): Promise<string | undefined> =>
  (await judged(log, profile)).violation?.seen.where;

describe('follow', () => {
  it('judges in full what is known in full', async () => {
    const result = await judged(`ioctl(4, KVM_CHECK_EXTENSION, 0xea) = 1\n dup(4) = 5\n close(5) = 0`);
    expect(result).toMatchObject({ exact: 4, partly: 0, anything: 0, unjudged: 0, bounded: false });
    expect(result.violation).toBeUndefined();
  });

  it('finds the first step that no rule allows, and what would have been allowed', async () => {
    const { violation } = await judged(`close(4) = 0\n ioctl(4, KVM_CHECK_EXTENSION, 0xea) = 1\n close(3) = -1 EINVAL (Invalid argument)`); // prettier-ignore
    expect(violation?.seen.where).toBe('log:4');
    expect(violation?.allowed.map((o) => o.errno)).toEqual(['EBADF']);
  });

  it('holds a value that the log has to the rules', async () => {
    expect(await place('ioctl(4, KVM_CHECK_EXTENSION, 0xea) = 7')).toBe('log:3');
  });

  it('allows what any argument would allow, and nothing else', async () => {
    const refused = (errno: string): string =>
      `${UNKNOWN_FILE}\n ioctl(6, ${ATTRIBUTES2}, 0x7ffc0000) = -1 ${errno} (x)`;
    for (const errno of ['EINVAL', 'EFAULT', 'EAGAIN'])
      expect([errno, await place(refused(errno))]).toEqual([errno, undefined]);
    expect(await place(refused('ENOTTY'))).toBe('log:4');
    expect(await place(refused('EXDEV'))).toBe('log:4');
    expect(await place(refused('ENOTTY'), 'd0')).toBeUndefined();
    expect(await place(refused('EINVAL'), 'd0')).toBe('log:4');
  });

  it('knows what does not depend on what is unknown', async () => {
    const closed = `${UNKNOWN_FILE}\n close(6) = 0\n ioctl(6, ${ATTRIBUTES2}, 0x7ffc0000) = -1`;
    expect(await place(`${closed} EBADF (x)`)).toBeUndefined();
    expect(await place(`${closed} EINVAL (x)`)).toBe('log:5');
  });

  it('forgets what an unknown conversion may have changed, and only then', async () => {
    const again = `ioctl(6, ${ATTRIBUTES2}, {offset=0, size=4096, attributes=0x8, flags=0, error_offset=0, reserved=[0]})`;
    expect(
      await place(`${KNOWN_FILE}\n ioctl(6, ${ATTRIBUTES2}, 0x7ffc0000) = 0\n ${again} = 0`),
    ).toBeUndefined();
  });

  it('follows processes of their own', async () => {
    const child = `[pid 9] clone(child_stack=NULL, flags=SIGCHLD) = 10
      [pid 10] close(4) = 0
      [pid 10] ioctl(4, KVM_CHECK_EXTENSION, 0xea) = -1 EBADF (x)
      [pid 10] +++ exited with 0 +++
      ioctl(4, KVM_CHECK_EXTENSION, 0xea) = 1`;
    expect((await judged(child)).violation).toBeUndefined();
    // What the child closed is open in its parent.
    expect(await place(child.replace(/= 1$/, '= -1 EBADF (x)'))).toBe('log:7');
    const foreign = `clone(child_stack=NULL, flags=SIGCHLD) = 10\n [pid 10] ioctl(4, KVM_CHECK_EXTENSION, 0xea) =`;
    expect(await place(`${foreign} -1 EIO (x)`)).toBeUndefined();
    expect(await place(`${foreign} 1`)).toBe('log:4');
  });

  it('does not judge calls that ran at the same time as others', async () => {
    const log = `[pid 9] clone(child_stack=NULL, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 10
      [pid 9] ioctl(4, KVM_CHECK_EXTENSION, 0xea <unfinished ...>
      [pid 10] close(4) = 0
      [pid 9] <... ioctl resumed>) = -1 EBADF (x)`;
    const result = await judged(log);
    expect(result.violation).toBeUndefined();
    expect(result.unjudged).toBe(2);
  });

  it('says that it does not know objects that came from elsewhere', async () => {
    const result = await judged('ioctl(12<anon_inode:kvm-vm>, KVM_CHECK_EXTENSION, 0xea) = 99');
    expect(result).toMatchObject({ exact: 1, unjudged: 1 });
  });
});
