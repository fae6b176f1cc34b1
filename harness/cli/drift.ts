// SPDX-License-Identifier: GPL-2.0-only
import { Command, Option } from 'commander';
import { driftJson, driftProblems, renderDriftTable, renderTelling } from '../report/drift-table.js';
import type { DriftKernel } from '../report/drift-table.js';
import { driftRow } from '../run/drift-row.js';
import { openSession } from '../run/session.js';
import { loadSuites } from '../suite/load.js';
import type { LoadedSuite } from '../suite/load.js';
import { ARCHES } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import { PROFILES } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';
import { ProgressLine } from '../../kernels/build/progress.js';
import type { Recipe } from '../../kernels/build/recipe.js';
import { EXIT, UsageError } from './exit.js';
import { recipeOfTarget, requireArch } from './find-recipe.js';
import { machineArch } from './machine-arch.js';
import { chooseTarget } from './open-target.js';
import { positive, repeated } from './options.js';
import { FEATURES, SUITES } from './paths.js';

interface DriftOptions {
  target: string;
  arch?: Arch;
  select?: string[];
  suites?: string[];
  timeout: number;
  json?: boolean;
}

/** Suites in which dialects differ: numbers, requests, states, what guests run on. */
export const CARRIERS = [
  'caps',
  'convert/caps',
  'convert/content-flags',
  'convert/d1-arguments',
  'convert/error-offset',
  'convert/flags',
  'convert/initial-state',
  'convert/vm-types',
  'create/flags/accepts',
  'create/flags/rejects-init-shared',
  'vcpu/backing',
] as const;

export function driftCommand(): Command {
  return new Command('drift')
    .description(
      'Boot every dialect of a kernel, hold each to every profile, and show whether all of them are told apart.',
    )
    .requiredOption('--target <target>', 'qemu:RECIPE, a kernel whose dialect is chosen at boot')
    .addOption(
      new Option('--arch <arch>', "architecture of the guest (default: this machine's)").choices(ARCHES),
    )
    .option(
      '--select <pattern>',
      'points to run instead of those in which dialects differ; repeatable',
      repeated,
    )
    .option('--suites <path>', 'suite file or directory instead of the shipped ones; repeatable', repeated)
    .option('--timeout <seconds>', 'limit for one program', positive, 10)
    .option('--json', 'as JSON')
    .action(async (options: DriftOptions) => {
      process.exitCode = await drift(options);
    });
}

/** The profiles that the dialects of a recipe speak, oldest first. */
function profilesOf({ dialects = {} }: Recipe): { dialect: string; profile: Profile }[] {
  return PROFILES.flatMap((profile) =>
    Object.entries(dialects)
      .filter(([, spoken]) => spoken?.profile === profile.id)
      .map(([dialect]) => ({ dialect, profile })),
  );
}

async function drift(options: DriftOptions): Promise<number> {
  const { target, arch = machineArch() } = options;
  const recipe = recipeOfTarget(target);
  if (!recipe) throw new UsageError(`expected --target qemu:RECIPE, got '${target}'`);
  requireArch(recipe, arch);
  const dialects = profilesOf(recipe);
  if (dialects.length < 2)
    throw new UsageError(`expected a recipe with dialects to compare, ${recipe.name} has ${dialects.length}`);
  const suites = loadSuites(options.suites ?? [SUITES]);
  const kernels: DriftKernel[] = [];
  for (const { dialect, profile } of dialects) {
    const profiles = dialects.map((d) => d.profile);
    kernels.push(await oneKernel({ ...options, arch }, suites, dialect, profile, profiles));
  }
  const problems = driftProblems(kernels);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(driftJson(kernels), null, 2)}\n`);
  } else {
    const text = [renderDriftTable(kernels), renderTelling(kernels)];
    const lines = problems.map((p) => `kernel of ${p.dialect} as ${p.profile}: ${p.reason}`);
    if (lines.length > 0) text.push(lines.join('\n'));
    process.stdout.write(`${text.join('\n\n')}\n`);
  }
  return problems.length === 0 ? EXIT.ok : EXIT.unexpected;
}

/** Boot one dialect and hold it to every profile. */
async function oneKernel(
  options: DriftOptions & { arch: Arch },
  suites: readonly LoadedSuite[],
  dialect: string,
  profile: Profile,
  profiles: readonly Profile[],
): Promise<DriftKernel> {
  const { target: name, arch, timeout } = options;
  const { target } = await chooseTarget({ target: name, arch, timeout, dialect });
  const line = new ProgressLine(`${name} ${dialect}`);
  try {
    const { features, probe } = await openSession(target, FEATURES, profile.id);
    const cells = await driftRow(
      {
        suites,
        ids: options.select ?? (options.suites ? [] : CARRIERS),
        context: { arch: target.arch, pageSize: target.hello.pageSize },
        features,
        profiles,
        run: (program, as) => target.run(program, as),
      },
      (phase) => line.update({ phase }),
    );
    const probed = probe.profile?.id;
    return { dialect, profile: profile.id, cells, ...(probed === undefined ? {} : { probed }) };
  } finally {
    line.end();
    await target.close();
  }
}
