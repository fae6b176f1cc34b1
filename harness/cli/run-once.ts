// SPDX-License-Identifier: GPL-2.0-only
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { buildAgent } from '../../kernels/build/agent.js';
import { canonicalJson } from '../run/canonical-json.js';
import { collectEnvironment, stableEnvironment, writeEnvironment } from '../run/environment.js';
import type { Environment } from '../run/environment.js';
import { readFacts, readHostFacts } from '../run/facts.js';
import { Journal } from '../run/journal.js';
import type { JournalHeader } from '../run/journal-format.js';
import { pointsHash, suitesHash } from '../run/resumable.js';
import { createRunDir, openRunDir } from '../run/run-dir.js';
import type { RunDir } from '../run/run-dir.js';
import { runSuites } from '../run/run-suites.js';
import type { RunResult } from '../run/run-suites.js';
import { select } from '../run/select.js';
import { expectedElsewhere } from '../run/drift.js';
import { expandAll, openSession, presence } from '../run/session.js';
import type { Session } from '../run/session.js';
import { TraceLog } from '../run/trace-log.js';
import { compareWithReference, hasReference, referenceDir, writeReference } from '../report/reference.js';
import type { Exit } from '../report/totals.js';
import { renderSummary } from '../report/summary.js';
import type { LoadedSuite } from '../suite/load.js';
import { UNEXPECTED } from '../judge/verdict.js';
import { TargetError } from '../target/executor.js';
import { RemoteFiles } from '../target/remote-files.js';
import { ageRemark } from '../uapi/profiles/index.js';
import { EXIT, UsageError } from './exit.js';
import { bootWords, renderBoot } from './boot-choice.js';
import type { ChosenTarget } from './open-target.js';
import { FEATURES, REFERENCE, shellWord, SUITES, version } from './paths.js';
import { ROUNDS } from './rounds.js';
import type { RunOptions } from './run.js';

/** Run the selected points on one target: journal, reports, environment, comparison, summary. */
export async function runOnce(
  ids: readonly string[],
  options: RunOptions,
  suites: readonly LoadedSuite[],
  chosen: ChosenTarget,
  signal: AbortSignal,
  color: boolean,
): Promise<RunResult> {
  const started = performance.now();
  const session = withBoot(await openSession(chosen.target, FEATURES, options.profile), chosen);
  const points = select(expandAll(suites, session), ids);
  const whole = ids.length === 0 && options.suites === undefined;
  const sources = suites.map(({ source }) => source);
  const read = suitesHash(sources, await readFile(FEATURES, 'utf8'));
  const planned = { suitesHash: read, pointsHash: pointsHash(points), planned: points.length };
  const { dir, journal, startedAt, earlier } = await openJournal(options, session, planned);
  // What a run that nobody asked for did on the model is not worth keeping.
  const traces = chosen.makeshift
    ? undefined
    : TraceLog.open(dir.traces, {
        startedAt,
        features: Object.fromEntries(presence(session.features)),
        specification: options.spec && session.specification !== undefined,
      });
  const environment = await describe(session, chosen, options, read);
  if (!existsSync(dir.environment)) await writeEnvironment(dir.environment, environment);
  process.stderr.write(
    `${session.identity.target} ${session.identity.arch} ${session.identity.release}: profile ${session.profile.id} (${session.profileReason}); ${points.length} points${startOf(session)}${chosen.boot ? renderBoot(chosen.boot) : ''}; ${dir.path}\n`,
  );
  const drift = unexpectedProfile(options, chosen, session);
  if (drift !== undefined) process.stderr.write(`note: ${drift}\n`);
  const remark = ageRemark(session.profile, session.identity.release);
  if (remark !== undefined) process.stderr.write(`note: ${remark}\n`);
  const result = await runSuites({
    session,
    points,
    dir,
    journal,
    ...(traces && { traces }),
    earlier,
    replay: replayCommand(options, session),
    elsewhere: expectedElsewhere(suites, {
      arch: session.target.arch,
      profile: session.profile,
      pageSize: session.target.hello.pageSize,
    }),
    tap: options.format === 'tap' && !options.json ? [process.stdout] : [],
    rounds: { count: options.rounds, seed: options.seed },
    minimum: options.minimum ?? (whole ? (chosen.boot?.minimumPoints[session.target.arch] ?? 1) : 1),
    casesOnly: !options.spec,
    signal,
  });
  if (options.format === 'ktap' && !options.json) process.stdout.write(result.ktap);
  const { records, total, exit } = result;
  process.stderr.write(
    renderSummary({
      identity: session.identity,
      records,
      total,
      exit,
      wallMs: performance.now() - started,
      runDir: dir.path,
      color,
    }),
  );
  if (options.json) {
    const summary = {
      identity: session.identity,
      exit,
      totals: total,
      runDir: dir.path,
      unexpected: records.filter((r) => UNEXPECTED.has(r.verdict)),
    };
    process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  }
  await reference(options, chosen, session, dir, environment, whole, exit);
  return result;
}

/** The words of the boot are part of what a run ran on: they may change what a kernel does. */
function withBoot(session: Session, { boot }: ChosenTarget): Session {
  if (!boot || boot.words.length === 0) return session;
  return { ...session, identity: { ...session.identity, boot: boot.words.join(' ') } };
}

/** Why a kernel that speaks something else than its recipe says should be looked at. */
function unexpectedProfile(
  options: RunOptions,
  { boot }: ChosenTarget,
  { profile }: Session,
): string | undefined {
  const expected = boot?.profile;
  if (options.profile !== undefined || expected === undefined || expected === profile.id) return undefined;
  return `the recipe says that this kernel speaks ${expected}, probing found ${profile.id}`;
}

type Plan = Pick<JournalHeader, 'suitesHash' | 'pointsHash' | 'planned'>;

async function openJournal(
  options: RunOptions,
  session: Session,
  plan: Plan,
): Promise<{ dir: RunDir; journal: Journal; startedAt: string; earlier: RunResult['records'] }> {
  const { identity } = session;
  if (options.resume === undefined) {
    const dir = await createRunDir({ root: options.out, target: identity.target, arch: identity.arch });
    const startedAt = new Date().toISOString();
    const journal = Journal.create(dir.journal, { identity, ...plan, startedAt });
    return { dir, journal, startedAt, earlier: [] };
  }
  const dir = await openRunDir(options.resume).catch((e: unknown) => {
    throw new UsageError((e as Error).message);
  });
  const { journal, contents } = Journal.resume(dir.journal);
  const { header, records, note } = contents;
  const same =
    canonicalJson(header.identity) === canonicalJson(identity) &&
    header.suitesHash === plan.suitesHash &&
    header.pointsHash === plan.pointsHash &&
    header.planned === plan.planned;
  if (!same) {
    journal.close();
    throw new UsageError(
      `${dir.journal}: expected a run of the same kernel, profile, suites and points, got one on ${header.identity.target} ${header.identity.release} with ${header.planned} points`,
    );
  }
  if (note !== undefined) process.stderr.write(`${note}\n`);
  process.stderr.write(`resuming after ${records.length} of ${plan.planned} points\n`);
  return { dir, journal, startedAt: header.startedAt, earlier: records };
}

async function describe(
  session: Session,
  chosen: ChosenTarget,
  { suites: paths = [SUITES] }: RunOptions,
  sha256: string,
): Promise<Environment> {
  const { target, identity, profileReason } = session;
  const { executor } = target;
  const file = chosen.built?.config;
  const config = file === undefined ? undefined : await readFile(file, 'utf8');
  const kernel = !executor
    ? { kvm: { modules: [], parameters: {} }, cpu: {} }
    : target.options.disposable
      ? await readFacts(new RemoteFiles(executor, target.arch, target.hello.pageSize), config)
      : await readHostFacts();
  const facts = executor?.facts() ?? {};
  // Already built by the executor: this only names it. The ffi-rs worker has none, and the model.
  const agent = executor && target.features.has('fork') ? (await buildAgent(target.arch)).path : undefined;
  // A commit is that of one directory; for single files and several places none is named.
  const [first = SUITES] = paths;
  const one = paths.length === 1 && statSync(first).isDirectory();
  const environment = await collectEnvironment({
    identity,
    profileReason,
    kernel,
    files: { kernel: chosen.built?.image ?? facts['kernelImage'], agent },
    executor: facts,
    suites: one ? first : SUITES,
    version: version(),
    startedAt: new Date().toISOString(),
  });
  return { ...environment, suites: { ...(one && environment.suites), sha256 } };
}

/** The command that runs one point the way this run did. */
function replayCommand(options: RunOptions, { identity, target }: Session): (id: string) => string {
  const own =
    options.kernel === undefined
      ? ['--target', identity.target]
      : ['--target', 'qemu', '--kernel', options.kernel];
  const words = [
    ...own,
    ...(target.options.disposable ? ['--arch', identity.arch] : []),
    ...(options.profile === undefined ? [] : ['--profile', options.profile]),
    ...(options.spec ? [] : ['--no-spec']),
    ...bootWords(options),
    ...(options.rounds === ROUNDS ? [] : ['--rounds', String(options.rounds)]),
    ...(options.seed === 1 ? [] : ['--seed', String(options.seed)]),
    ...(options.suites ?? []).flatMap((s) => ['--suites', s]),
  ];
  return (id) => `gmemcheck run ${words.map(shellWord).join(' ')} ${shellWord(id)}`;
}

/**
 * A reference says what is to be expected: a run with findings, or one that proves nothing, is none.
 * @throws TargetError unless the run ends with 0
 */
export function requireGreen({ code, message }: Exit): void {
  if (code === EXIT.ok) return;
  throw new TargetError(
    `--write-reference needs a run that ends with 0, got ${code} (${message ?? 'no reason given'}); no reference was written`,
  );
}

/** Store the report as reference, or show how it differs from the one there is. Only whole runs compare. */
async function reference(
  options: RunOptions,
  chosen: ChosenTarget,
  session: Session,
  dir: RunDir,
  environment: Environment,
  whole: boolean,
  exit: Exit,
): Promise<void> {
  const name = chosen.boot?.reference;
  if (name === undefined || !whole) {
    if (options.writeReference) {
      throw new UsageError(
        '--write-reference needs a whole run of a kernel with a recipe, without --in-place off and --append',
      );
    }
    return;
  }
  const place = referenceDir(REFERENCE, name, session.target.arch);
  const tap = await readFile(dir.tap, 'utf8');
  if (options.writeReference) {
    requireGreen(exit);
    const ktap = await readFile(dir.ktap, 'utf8');
    await writeReference(place, { tap, ktap, environment: canonicalJson(stableEnvironment(environment)) });
    process.stderr.write(`reference written: ${place}\n`);
  } else if (await hasReference(place)) {
    const diff = await compareWithReference(place, tap);
    process.stderr.write(
      diff === undefined ? 'same as the reference report\n' : `differs from the reference report:\n${diff}\n`,
    );
  }
}

/** `; started from a snapshot (149 ms)`, for executors that boot something. */
function startOf({ target }: Session): string {
  const { start, startMs } = target.executor?.facts() ?? {};
  return start === undefined
    ? ''
    : `; started from ${start === 'snapshot' ? 'a snapshot' : 'a boot'} (${startMs ?? '?'} ms)`;
}
