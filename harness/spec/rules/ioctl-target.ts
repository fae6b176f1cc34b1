// SPDX-License-Identifier: GPL-2.0-only
import type { StepOf } from '../../program/step.js';
import type { VerbName } from '../../program/verbs.js';
import { kindOf, openFile, otherOf, vmOf } from '../core/look.js';
import type { FdKind } from '../core/objects.js';
import { refuse } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import type { State } from '../core/state.js';
import type { World } from '../core/world.js';

/** Whether a descriptor accepts no ioctl at all: closed, or opened with O_PATH (fs/ioctl.c, CLASS(fd)). */
export function noIoctl(state: State, name: string): boolean {
  return openFile(state, name) === undefined || otherOf(state, name)?.it.kind === 'path';
}

/**
 * Whether the caller's address space is not that of the VM behind a VM or vCPU descriptor, which every ioctl
 * on them refuses first of all (virt/kvm/kvm_main.c kvm_vm_ioctl, kvm_vcpu_ioctl).
 */
export function foreignAddressSpace(state: State, name: string): boolean {
  const file = openFile(state, name);
  const vm =
    file?.kind === 'vcpu'
      ? state.vms.get(state.vcpus.get(file.object)?.vm ?? 0)
      : file?.kind === 'vm'
        ? vmOf(state, name)?.it
        : undefined;
  return vm !== undefined && vm.mm !== state.running;
}

/**
 * What an ioctl that only another kind of file knows gives: EINVAL on /dev/kvm and on a vCPU, ENOTTY on files
 * that are not KVM's; on a VM as the architecture has it (kvm_arch_vm_ioctl).
 */
export function unknownCommand(world: World, kind: FdKind | undefined, other?: string): string {
  switch (kind) {
    case 'kvm':
    case 'vcpu':
      return 'EINVAL';
    case 'vm':
      return world.arch === 'aarch64' ? 'EINVAL' : 'ENOTTY';
    default:
      // fs/eventpoll.c ep_eventpoll_ioctl answers commands that it does not know with EINVAL.
      return other === 'epoll' ? 'EINVAL' : 'ENOTTY';
  }
}

/** The same for the file behind a name. */
export function unknownOn(world: World, state: State, name: string): string {
  return unknownCommand(world, kindOf(state, name), otherOf(state, name)?.it.kind);
}

/**
 * What a command that only one kind of KVM's files knows asks of its descriptor, and of the caller. The rules are
 * those of other files, of callers in another address space, and of descriptors that take no ioctl.
 */
export function onlyOn<V extends VerbName>(
  kind: 'vm' | 'vcpu',
  target: (step: StepOf<V>) => string,
  otherFile: string,
  otherProcess = otherFile,
  closed = otherFile,
): readonly Rule<V>[] {
  const isOther = ({ state, step }: View<V>): boolean => kindOf(state, target(step)) !== kind;
  return [
    refuse(closed, 'EBADF', ({ state, step }) => noIoctl(state, target(step))),
    refuse(otherProcess, 'EIO', ({ state, step }) => foreignAddressSpace(state, target(step))),
    refuse(
      otherFile,
      'EINVAL',
      (v) => isOther(v) && unknownOn(v.world, v.state, target(v.step)) === 'EINVAL',
    ),
    refuse(otherFile, 'ENOTTY', isOther),
  ];
}
