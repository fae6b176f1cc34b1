// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import type { WireProgram, WireResult } from '../lower/wire.js';
import { openSession } from '../run/session.js';
import { FEATURES } from '../cli/paths.js';
import { CONSTANTS } from '../uapi/constants.js';
import { CONVERSION_COMMANDS } from '../uapi/profiles/index.js';
import { fakeTarget, FakeExecutor, no, yes } from './fake-executor.test-helper.js';
import type { Behaviour } from './fake-executor.test-helper.js';
import { KernelTarget } from './kernel-target.js';
import { probe } from './probe.js';

const ENOTTY = 25;
const EFAULT = 14;
const EINVAL = 22;
const conversion = new Set(CONVERSION_COMMANDS.map((c) => c.cmd));

/** A kernel that answers conversion commands and one capability as given, and has every VM type. */
function kernel(
  answers: Readonly<Record<string, number>>,
  capability: Readonly<Record<string, bigint>> = {},
  gmem = true,
): Behaviour {
  const answer = (op: WireProgram['ops'][number]): Partial<WireResult> => {
    if (op.code !== 'syscall' || op.args.length !== 3) return {};
    const [, cmd = 0n, arg = 0n] = op.args.map((a) => a.add);
    if (conversion.has(cmd)) return { ret: -1n, errno: answers[cmd.toString()] ?? ENOTTY };
    if (cmd === CONSTANTS['KVM_CHECK_EXTENSION']) return { ret: capability[arg.toString()] ?? 0n };
    if (cmd === CONSTANTS['KVM_CREATE_GUEST_MEMFD'] && !gmem) return { ret: -1n, errno: ENOTTY };
    return {};
  };
  return (program) => ({
    reply: yes(program, Object.fromEntries(program.ops.map((op, i) => [i, answer(op)]))),
  });
}

const first = CONVERSION_COMMANDS[0]?.cmd.toString() ?? '';
const probed = async (behaviour: Behaviour) => probe(await fakeTarget(new FakeExecutor(behaviour)));

describe('the dialect of a kernel', () => {
  it('is D0 when no conversion command is there', async () => {
    const found = await probed(kernel({}));
    expect(found.profile?.id).toBe('d0-mainline');
    expect(found.commands.map((c) => c.answer)).toEqual(['ENOTTY', 'ENOTTY', 'ENOTTY', 'ENOTTY']);
    expect(found.reasons.at(-1)).toMatch(/^d0-mainline: /);
  });

  it('is D8 when its command reads the argument and the capability agrees', async () => {
    expect((await probed(kernel({ [first]: EFAULT }, { 252: 8n }))).profile?.id).toBe('d8-7.4');
  });

  it('is not D8 for the capability alone', async () => {
    const found = await probed(kernel({}, { 252: 8n }));
    expect(found.profile?.id).toBe('d0-mainline');
    expect(found.reasons.join('\n')).toContain('not d8-7.4: ');
  });

  it('is none when the command is there and the capability is not', async () => {
    const found = await probed(kernel({ [first]: EFAULT }));
    expect(found.profile).toBeUndefined();
    expect(found.reasons.at(-1)).toBe('no known dialect fits; choose one with --profile');
  });

  it('is none when a command of another posting is there', async () => {
    const magic = CONVERSION_COMMANDS[2]?.cmd.toString() ?? '';
    expect((await probed(kernel({ [magic]: EFAULT }))).profile).toBeUndefined();
  });

  it('is none when a command answers as no dialect does', async () => {
    const found = await probed(kernel({ [first]: EINVAL }, { 252: 8n }));
    expect(found.profile).toBeUndefined();
    expect(found.reasons.join('\n')).toContain('gives EINVAL: unexpected');
  });

  it('is not D8 where there is no guest_memfd to ask', async () => {
    const found = await probed(kernel({}, {}, false));
    expect(found.profile?.id).toBe('d0-mainline');
    expect(found.reasons.join('\n')).toContain(
      'no guest_memfd on a sw_protected VM (KVM_CREATE_GUEST_MEMFD: ENOTTY)',
    );
  });
});

describe('probing', () => {
  it('asks aarch64 for the default type only', async () => {
    const target = await fakeTarget(new FakeExecutor(kernel({}), { machine: 'aarch64' }));
    expect((await probe(target)).vmTypes.map((t) => t.type)).toEqual(['default']);
  });

  it('reports capabilities on /dev/kvm and on each VM', async () => {
    const { capabilities } = await probed(kernel({}, { 236: 7n }));
    expect(capabilities.find((c) => c.number === 236n)?.values).toEqual({
      '/dev/kvm': 7n, default: 7n, sw_protected: 7n, sev: 7n, sev_es: 7n, snp: 7n, tdx: 7n,
    }); // prettier-ignore
  });

  it.each<[string, Behaviour, RegExp]>([
    [
      'a kernel that makes no VM',
      (p) => ({ reply: no(p, 1) }),
      /no VM can be created on fake .*is KVM usable there/,
    ],
    [
      'a guest that dies',
      () => ({ crash: { kind: 'panic', title: 'Kernel panic', excerpt: ['x'] } }),
      /fake crashed while it was probed: Kernel panic\nx/,
    ],
    [
      'a program that is cut short',
      (p) => ({ reply: { ...yes(p), end: 'timeout' } }),
      /probing fake: the program did not end in time/,
    ],
  ])('fails as an environment for %s', async (_what, behaviour, message) => {
    const failure = probed(behaviour);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({ name: 'TargetError', scope: 'fatal' });
  });
});

describe('openSession', () => {
  const open = (behaviour: Behaviour, profileId?: string) =>
    openSession(
      new KernelTarget('fake', new FakeExecutor(behaviour), { disposable: false, timeoutMs: 1000 }),
      FEATURES,
      profileId,
    );

  it('says what it runs on and why this profile', async () => {
    const session = await open(kernel({}));
    expect(session.identity).toMatchObject({
      target: 'fake',
      arch: 'x86_64',
      profile: 'd0-mainline',
      evidence: 'kernel',
    });
    expect(session.profileReason).toMatch(/^d0-mainline: all commands/);
    expect(session.features.get('fork')).toMatchObject({ present: true });
    expect(session.features.get('disposable')).toMatchObject({ present: false });
  });

  it('takes the profile of the user, and says what probing found', async () => {
    const session = await open(kernel({}), 'd8-7.4');
    expect(session.profile.id).toBe('d8-7.4');
    expect(session.profileReason).toBe('chosen with --profile (probing found d0-mainline)');
  });

  it('wants to be told when no dialect fits', async () => {
    await expect(open(kernel({ [first]: EFAULT }))).rejects.toThrow(
      /no known dialect fits fake; choose one with --profile\n {2}/,
    );
  });

  it('does not take a feature for absent because its probe was cut short', async () => {
    const behaviour = kernel({});
    const cut: Behaviour = async (p, n) => {
      const execution = await behaviour(p, n);
      return n < 3 || !execution.reply ? execution : { reply: { ...execution.reply, end: 'timeout' } };
    };
    await expect(open(cut)).rejects.toThrow(
      /probing fake for features \(feature\/\S+\): the program did not end in time/,
    );
  });

  it('does not go on with a guest that died of a probe', async () => {
    const behaviour = kernel({});
    const dies: Behaviour = (p, n) =>
      n < 3 ? behaviour(p, n) : { crash: { kind: 'oops', title: 'Oops', excerpt: [] } };
    await expect(open(dies)).rejects.toThrow(/crashed while features were probed .*: Oops/);
  });
});
