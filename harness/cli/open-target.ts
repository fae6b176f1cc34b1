// SPDX-License-Identifier: GPL-2.0-only
import { closeSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import { AgentExecutor } from '../target/agent-executor.js';
import { TargetError } from '../target/executor.js';
import { HostExecutor } from '../target/host-executor.js';
import { KernelTarget } from '../target/kernel-target.js';
import { SpecTarget } from '../target/spec-target.js';
import type { Target } from '../target/target.js';
import { QemuExecutor } from '../target/qemu-executor.js';
import type { QemuOptions } from '../target/qemu-executor.js';
import type { Arch } from '../uapi/arch.js';
import { loadRecipes } from '../../kernels/build/recipe.js';
import type { Recipe } from '../../kernels/build/recipe.js';
import { buildKernel, findBuiltKernel } from '../../kernels/build/kernel.js';
import type { BuiltKernel } from '../../kernels/build/built.js';
import { ProgressLine } from '../../kernels/build/progress.js';
import { bootOf, bootOfImage, refuseBootOptions } from './boot-choice.js';
import type { BootOptions, ChosenBoot } from './boot-choice.js';
import { UsageError } from './exit.js';
import { recipeOfTarget, requireArch } from './find-recipe.js';
import { machineArch } from './machine-arch.js';
import { findProfile } from '../uapi/profiles/index.js';

/** What the command line says about where to run. */
export interface TargetChoice extends BootOptions {
  /** `auto`, `host`, `agent`, `spec`, `qemu` (with `kernel`) or `qemu:RECIPE`. */
  target: string;
  /** Whether a guest may start from a snapshot; default true. */
  snapshot?: boolean;
  /** CPUs of a guest whose recipe says nothing of them; default: the machine record's. */
  cpus?: number;
  /** Dialect of the model; kernels are asked. */
  profile?: string;
  arch: Arch;
  /** A user's own kernel image. */
  kernel?: string;
  /** Seconds for one program. */
  timeout: number;
}

/** A target that is ready to be opened, with what the report and the gate want to know about it. */
export interface ChosenTarget {
  target: Target;
  /** There was nothing better: a run on it proves nothing that was asked for, whatever its points say. */
  makeshift?: true;
  /** Set for kernels that we ship a recipe for. */
  recipe?: Recipe;
  built?: BuiltKernel;
  /** How a kernel with a recipe is booted. */
  boot?: ChosenBoot;
}

/** Name of the model as a target. */
const SPEC = 'spec';

/** Milliseconds per program inside a guest under TCG, as a factor of the same on this machine. */
const TCG_FACTOR = 3;

/** Whether /dev/kvm can be opened for reading and writing. The file alone says nothing: it may lack its driver. */
export function kvmOpens(): boolean {
  try {
    closeSync(openSync('/dev/kvm', 'r+'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Find out what `auto` means: the running kernel when /dev/kvm opens, else a guest kernel that is built, else
 * the model.
 * @param look what is there; this machine, unless a test says otherwise
 */
export async function resolveAuto(arch: Arch, look = { kvmOpens, findBuiltKernel }): Promise<string> {
  if (look.kvmOpens()) return 'host';
  for (const recipe of loadRecipes()) {
    if (await look.findBuiltKernel(recipe, arch)) return `qemu:${recipe.name}`;
  }
  return SPEC;
}

/**
 * Make the target that the command line asks for, building its kernel when it has a recipe.
 * @throws UsageError for an unknown target, TargetError when it cannot be made
 */
export async function chooseTarget(choice: TargetChoice): Promise<ChosenTarget> {
  const own = choice.kernel;
  const named =
    choice.target === 'auto' && own === undefined ? await resolveAuto(choice.arch) : choice.target;
  const timeoutMs = choice.timeout * 1000;
  if (own !== undefined) {
    if (named !== 'auto' && named !== 'qemu')
      throw new UsageError(`--kernel needs --target qemu, got '${named}'`);
    const { guest } = bootOfImage(choice, `--kernel ${own}`);
    const executor = new QemuExecutor({ kernel: own, arch: choice.arch, ...cpusOf(choice), ...guest });
    const options = { disposable: true, timeoutMs: timeoutMs * TCG_FACTOR };
    return { target: new KernelTarget(`qemu:${basename(own)}`, executor, options) };
  }
  if (named === SPEC) {
    refuseBootOptions(choice, '--target spec');
    const makeshift = choice.target === 'auto';
    if (makeshift) process.stderr.write(noKernel());
    return { target: modelOf(choice), ...(makeshift && { makeshift }) };
  }
  if (named === 'host' || named === 'agent') {
    refuseBootOptions(choice, `--target ${named}`);
    if (choice.arch !== machineArch()) {
      throw new UsageError(`target ${named} is this machine (${machineArch()}), got --arch ${choice.arch}`);
    }
    if (!kvmOpens())
      throw new TargetError(`target ${named} needs /dev/kvm, which does not open (see: gmemcheck doctor)`);
    const executor = named === 'host' ? new HostExecutor() : new AgentExecutor();
    return { target: new KernelTarget(named, executor, { disposable: false, timeoutMs }) };
  }
  return chooseRecipe(named, choice, timeoutMs * TCG_FACTOR);
}

/** What is said before a run on the model that nobody asked for. */
export function noKernel(): string {
  return [
    'note: no kernel to test: /dev/kvm does not open and no guest kernel is built.',
    'note: this runs on the model of the interface, which shows what the suites ask and proves nothing about any kernel.',
    `note: to test a kernel, run: gmemcheck kernel build ${loadRecipes()[0]?.name ?? ''} (see also: gmemcheck doctor)`,
    '',
  ].join('\n');
}

/** The newest dialect unless another is asked for; there is but mainline where no VM has private memory. */
function modelOf({ arch, profile = arch === 'x86_64' ? 'd8' : 'd0' }: TargetChoice): SpecTarget {
  const found = findProfile(profile);
  if (!found) throw new UsageError(`expected a profile, got '${profile}'`);
  return new SpecTarget(arch, found);
}

const cpusOf = ({ cpus }: TargetChoice): { cpus?: number } => (cpus === undefined ? {} : { cpus });

/** What a guest takes from the kernel that it boots. */
export function guestOf({
  image,
  arch,
  modules,
}: BuiltKernel): Pick<QemuOptions, 'kernel' | 'arch' | 'modules'> {
  return { kernel: image, arch, ...(modules === undefined ? {} : { modules }) };
}

async function chooseRecipe(named: string, choice: TargetChoice, timeoutMs: number): Promise<ChosenTarget> {
  const { arch } = choice;
  const recipe = recipeOfTarget(named);
  if (!recipe) {
    const known = ['host', 'agent', SPEC, ...loadRecipes().map((r) => `qemu:${r.name}`)].join(', ');
    throw new UsageError(`expected a target of ${known}, or qemu with --kernel PATH, got '${named}'`);
  }
  requireArch(recipe, arch);
  const boot = bootOf(recipe, choice);
  const line = new ProgressLine(`${recipe.name} ${arch}`);
  const built = await buildKernel(recipe, arch, { onProgress: line.update }).finally(() => line.end());
  const { snapshot } = choice;
  const executor = new QemuExecutor({
    ...guestOf(built),
    ...cpusOf(choice),
    ...boot.guest,
    ...(snapshot === undefined ? {} : { snapshot }),
  });
  return { target: new KernelTarget(named, executor, { disposable: true, timeoutMs }), recipe, built, boot };
}
