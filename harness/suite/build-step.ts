// SPDX-License-Identifier: GPL-2.0-only
import type { NumParam, ObjectKind, Param } from '../program/params.js';
import type { Expect, PlannedStep, Step } from '../program/step.js';
import { verb, VERB_NAMES } from '../program/verbs.js';
import type { VerbName } from '../program/verbs.js';
import { isArch } from '../uapi/arch.js';
import { errnoNames } from '../uapi/errno.js';
import { profilesOf } from '../uapi/profiles/index.js';
import { suggestion } from './closest.js';
import type { RawStep } from './raw.js';
import { isRepetition, rounds } from './repeat.js';
import type { Scope } from './scope.js';
import { checkThreads } from './threads.js';
import type { Path } from './source.js';

type RawMap = Readonly<Record<string, unknown>>;

const isMap = (v: unknown): v is RawMap => typeof v === 'object' && v !== null && !Array.isArray(v);

/**
 * Resolve a list of raw steps: evaluate expressions, check that named objects exist and are of the right kind.
 * @throws CaseError
 */
export function buildSteps(raw: readonly RawStep[], path: Path, scope: Scope): PlannedStep[] {
  return raw.flatMap((step, i) => {
    const at = [...path, i];
    if (!isRepetition(step)) return [buildStep(step, at, scope)];
    return rounds(step, at, scope).flatMap((round) => buildSteps(step.steps, [...at, 'steps'], round));
  });
}

/** A built step, the objects it was checked against, and those it makes. */
interface Built {
  objects: string;
  planned: PlannedStep;
  made: readonly (readonly [string, ObjectKind])[];
}

function buildStep(raw: RawStep, path: Path, scope: Scope): PlannedStep {
  scope.count(path);
  // Without variables and nonces a step is the same for every point of its case, and most steps are.
  // What it refers to may still have been made by one that varies: then it has to be checked anew.
  const objects = scope.objects.key();
  const known = scope.steps.get(raw) as Built | undefined;
  const built = known?.objects === objects ? known : { ...resolveStep(raw, path, scope), objects };
  if (built !== known && !varies(raw)) scope.steps.set(raw, built);
  const { planned, made } = built;
  for (const [object, kind] of made) scope.objects.set(object, kind);
  if (planned.step.verb === 'parallel') scope.race();
  return planned;
}

/** The steps of each thread of a parallel, and what they leave to the steps after it. */
function buildThreads(
  raw: readonly (readonly RawStep[])[],
  path: Path,
  scope: Scope,
): { planned: PlannedStep[][]; made: (readonly [string, ObjectKind])[] } {
  const threads = raw.map((steps, i) => {
    const own = scope.child(true);
    return { planned: buildSteps(steps, [...path, i], own), objects: own.objects };
  });
  const planned = threads.map((t) => t.planned);
  const names = checkThreads(planned, path, scope);
  const made = threads.flatMap(({ objects }, i) =>
    [...(names[i] ?? [])].flatMap((name): (readonly [string, ObjectKind])[] => {
      const kind = objects.get(name);
      return kind === undefined ? [] : [[name, kind]];
    }),
  );
  return { planned, made };
}

/** Whether anything in a raw step depends on the point. */
function varies(raw: unknown): boolean {
  if (typeof raw === 'string') return raw.includes('$') || raw.includes('nonce.');
  return typeof raw === 'object' && raw !== null && Object.values(raw).some(varies);
}

function resolveStep(raw: RawStep, path: Path, scope: Scope): Omit<Built, 'objects'> {
  const names = Object.keys(raw).filter((k) => k !== 'expect');
  const name = VERB_NAMES.find((v) => v === names[0]);
  if (name === undefined || names.length !== 1) {
    throw scope.error(
      path,
      `expected exactly one verb in a step, got ${names.length === 0 ? 'none' : names.join(', ')}`,
    );
  }
  const at = [...path, name];
  refuseNesting(name, path, at, scope);
  const v = verb(name);
  const args = isMap(raw[name]) ? raw[name] : { [v.primary ?? '']: raw[name] };
  const made: (readonly [string, ObjectKind])[] = [];
  const step: Record<string, unknown> = { verb: name };
  for (const [key, param] of Object.entries(v.params)) {
    // An argument that is not written has no place of its own.
    const where = args[key] === undefined || !isMap(raw[name]) ? at : [...at, key];
    if (param.kind === 'threads') {
      const threads = buildThreads((args[key] ?? []) as RawStep[][], where, scope);
      step[key] = threads.planned;
      made.push(...threads.made);
      continue;
    }
    step[key] = resolve(param, args[key], where, scope, key);
    if (param.kind === 'new') {
      // A duplicate stands for whatever it duplicates.
      const of = name === 'dup' ? step['on'] : name === 'send_fd' ? step['of'] : undefined;
      const kind = typeof of === 'string' ? scope.objects.get(of) : undefined;
      made.push([String(step[key]), kind ?? param.makes]);
    }
  }
  const planned: PlannedStep = {
    step: step as unknown as Step,
    expect: buildExpect(raw['expect'], [...path, 'expect'], name, scope),
    // Looked up when a report needs it: most points pass, and `check` expands every suite many times.
    get where() {
      const { file, line, column } = scope.source.place(at);
      return `${file}:${line}:${column}`;
    },
  };
  return { planned, made };
}

/** Executors wait for one child or one set of threads at a time; and some verbs change the process that all share. */
const NOT_WITHIN: Readonly<Partial<Record<VerbName, readonly VerbName[]>>> = {
  fork: ['fork', 'parallel'],
  parallel: ['fork', 'parallel', 'limit', 'become'],
};

function refuseNesting(name: VerbName, path: Path, at: Path, scope: Scope): void {
  for (const [outer, refused] of Object.entries(NOT_WITHIN)) {
    if (path.includes(outer) && refused.includes(name))
      throw scope.keyError(at, `expected a step other than ${name} in the steps of a ${outer}`);
  }
}

function resolve(param: Param, value: unknown, path: Path, scope: Scope, key: string): unknown {
  switch (param.kind) {
    case 'num':
      if (value === undefined && param.default === undefined)
        throw scope.error(path, `expected a '${key}' here`);
      return value === undefined ? param.default : among(param, scope.number(value, path), path, scope);
    case 'optnum':
      return value === undefined ? undefined : scope.number(value, path);
    case 'nums':
      return ((value ?? []) as unknown[]).map((v, i) => scope.number(v, [...path, i]));
    case 'ref':
    case 'optref': {
      const name =
        value === undefined ? (param.kind === 'ref' ? param.default : undefined) : scope.word(value, path);
      if (name === undefined && param.kind === 'ref') throw scope.error(path, `expected a '${key}' here`);
      return name === undefined ? undefined : existing(name, param.of, path, scope);
    }
    case 'word':
      if (value === undefined) throw scope.error(path, `expected a '${key}' here`);
      return scope.word(value, path);
    case 'new':
      return value === undefined ? param.default : scope.word(value, path);
    case 'enum': {
      const word = value === undefined ? param.default : scope.word(value, path);
      if (word === undefined) throw scope.error(path, `expected a '${key}' here`);
      if (!param.values.includes(word))
        throw scope.error(
          path,
          `expected one of ${param.values.join(', ')}, got '${word}'${suggestion(word, param.values)}`,
        );
      return word;
    }
    case 'threads':
      throw new TypeError('threads are resolved with what they make');
    case 'steps':
      return buildSteps((value ?? []) as RawStep[], path, scope.child());
  }
}

function among({ among: values }: NumParam, value: bigint, path: Path, scope: Scope): bigint {
  if (values && !values.includes(value))
    throw scope.error(path, `expected one of ${values.join(', ')}, got ${value.toString()}`);
  return value;
}

function existing(name: string, kinds: readonly ObjectKind[], path: Path, scope: Scope): string {
  const kind = scope.objects.get(name);
  if (kind === undefined) {
    throw scope.error(
      path,
      `expected the name of an object made by an earlier step, got '${name}' (known: ${scope.objects.names().join(', ')})`,
    );
  }
  if (!kinds.includes(kind))
    throw scope.error(
      path,
      `expected a ${kinds.join(', ').replace(/, (?=\w+$)/, ' or ')}, but '${name}' is a ${kind}`,
    );
  return name;
}

function buildExpect(raw: unknown, path: Path, name: VerbName, scope: Scope): Expect {
  if (!isMap(raw)) return scope.threaded ? { fields: {}, any: true } : { fields: {} };
  const keys = Object.keys(raw);
  if (keys.includes('one_of')) return oneOf(raw, path, name, scope);
  const switched = keys.filter((k) => isArch(k) || isProfileKey(k));
  if (switched.length > 0) {
    const chosen = choose(raw, keys, switched, path, scope);
    return buildExpect(chosen.raw, [...path, chosen.key], name, scope);
  }
  const expect: Expect = { fields: {} };
  const fields: Record<string, bigint> = {};
  for (const key of keys) {
    const at = [...path, key];
    if (key === 'errno') expect.errno = errno(scope.word(raw[key], at), at, scope);
    else if (!verb(name).reports.includes(key)) {
      const known = ['errno', ...verb(name).reports];
      throw scope.keyError(
        at,
        `expected ${known.length > 1 ? 'one of ' : ''}${known.join(', ')}: ${name} does not report '${key}'`,
      );
    } else if (key === 'fault') {
      expect.fault = fault(scope.word(raw[key], at), at, scope);
    } else fields[key] = BigInt.asUintN(64, scope.number(raw[key], at));
  }
  return { ...expect, fields };
}

/** Alternatives: only where threads raced, for anything else has one outcome. */
function oneOf(raw: RawMap, path: Path, name: VerbName, scope: Scope): Expect {
  const at = [...path, 'one_of'];
  if (Object.keys(raw).length > 1) throw scope.keyError(at, 'expected either one_of, or what must come out');
  if (!scope.raced)
    throw scope.keyError(at, 'expected one outcome: only in and after a parallel there may be several');
  const alternatives = raw['one_of'] as unknown[];
  return { fields: {}, oneOf: alternatives.map((one, i) => buildExpect(one, [...at, i], name, scope)) };
}

/** An expectation by architecture or by profile: exactly the keys of one kind, and one of them applies. */
function choose(
  raw: RawMap,
  keys: string[],
  switched: string[],
  path: Path,
  scope: Scope,
): { key: string; raw: unknown } {
  const { arch, profile } = scope.context;
  const byArch = switched.every(isArch);
  if (switched.length !== keys.length || (!byArch && switched.some(isArch))) {
    throw scope.error(
      path,
      `expected either plain fields, or only architectures, or only profiles, got ${keys.join(', ')}`,
    );
  }
  if (!byArch) refuseOverlap(keys, path, scope);
  const key = byArch ? arch : keys.find((k) => profilesOf(k).includes(profile));
  if (key === undefined || raw[key] === undefined) {
    const wanted = byArch ? arch : profile.id;
    throw scope.error(path, `expected what holds for ${wanted} as well, got only ${keys.join(', ')}`);
  }
  return { key, raw: raw[key] };
}

/** A full id, an ordinal or a range; one that names no profile is refused where it is looked at. */
function isProfileKey(key: string): boolean {
  return /^d\d/.test(key);
}

/** One profile, one expectation: keys that name the same profile would make the order of writing matter. */
function refuseOverlap(keys: readonly string[], path: Path, scope: Scope): void {
  const taken = new Map<string, string>();
  for (const key of keys) {
    const named = profilesOf(key);
    if (named.length === 0) throw scope.keyError([...path, key], `expected profiles, '${key}' names none`);
    for (const { id } of named) {
      const other = taken.get(id);
      if (other !== undefined)
        throw scope.keyError([...path, key], `expected keys that do not overlap, ${id} is in '${other}' too`);
      taken.set(id, key);
    }
  }
}

function errno(word: string, path: Path, scope: Scope): string {
  if (word !== '0' && !errnoNames.includes(word))
    throw scope.error(
      path,
      `expected 0 or the name of an errno, got '${word}'${suggestion(word, errnoNames)}`,
    );
  return word;
}

function fault(word: string, path: Path, scope: Scope): 'SIGBUS' | 'SIGSEGV' | 'none' {
  if (word === 'SIGBUS' || word === 'SIGSEGV' || word === 'none') return word;
  throw scope.error(path, `expected SIGBUS, SIGSEGV or none, got '${word}'`);
}
