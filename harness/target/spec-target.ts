// SPDX-License-Identifier: GPL-2.0-only
import type { Program } from '../program/step.js';
import type { Trace } from '../program/trace.js';
import { execute } from '../spec/core/execute.js';
import type { RuleBook } from '../spec/core/step.js';
import { worldOf } from '../spec/core/world.js';
import type { World } from '../spec/core/world.js';
import { RULES } from '../spec/rules/index.js';
import type { Arch } from '../uapi/arch.js';
import type { Profile } from '../uapi/profiles/index.js';
import type { KernelTargetOptions, TargetFeature } from './kernel-target.js';
import type { Target } from './target.js';

/** What a model of every architecture is given, bytes. */
const PAGE_SIZE = 4096;

/** The executable specification as a target: a kernel that does what the rules of one dialect say. */
export class SpecTarget implements Target {
  readonly name = 'spec';
  readonly evidence = 'model';
  readonly options: KernelTargetOptions = { disposable: true, timeoutMs: 0 };
  readonly features: ReadonlySet<TargetFeature> = new Set<TargetFeature>([
    'vcpu',
    'fork',
    'signals',
    'disposable',
  ]);
  readonly hello: { readonly release: string; readonly pageSize: number };
  private readonly world: World;

  constructor(
    readonly arch: Arch,
    profile: Profile,
    private readonly book: RuleBook = RULES,
  ) {
    this.world = worldOf(profile, arch, PAGE_SIZE);
    this.hello = { release: `model of ${profile.id}`, pageSize: PAGE_SIZE };
    if (arch === 'x86_64') this.features = new Set([...this.features, 'compat']);
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  run(program: Program): Promise<Trace> {
    return Promise.resolve(execute(this.book, this.world, program.steps));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
