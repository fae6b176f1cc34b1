// SPDX-License-Identifier: GPL-2.0-only
import type { StepOf } from '../../program/step.js';
import type { VerbName } from '../../program/verbs.js';
import {
  KVM_GMEM_CONVERT_PRIVATE,
  KVM_GMEM_CONVERT_SHARED,
  KVM_SET_MEMORY_ATTRIBUTES2,
} from '../../uapi/profiles/common.js';
import { gmemOf } from '../core/look.js';
import type { Found } from '../core/look.js';
import type { Gmem, PageState, Vm } from '../core/objects.js';
import type { Report } from '../core/outcome.js';
import type { Rule, View } from '../core/rule.js';
import type { State } from '../core/state.js';
import type { World } from '../core/world.js';
import { pageOf, readable, writable } from './argument.js';

/** Verbs that ask for a conversion, by whichever command. */
export type Converting = 'set_attributes' | 'convert' | 'convert_raw';
/** What rules of all of them look at. */
export interface Request {
  readonly step: StepOf<Converting>;
  readonly state: State;
  readonly world: World;
}

export const PRIVATE = 8n;

/** The file that is asked, undefined when it is no guest_memfd. */
export const fileOf = ({ state, step }: Request): Found<Gmem> | undefined => gmemOf(state, step.on);

/** The VM that made the file. */
export function ownerOf(v: Request): Vm | undefined {
  const file = fileOf(v);
  return file && v.state.vms.get(file.it.vm);
}

/** Size of the file, bytes. */
export const sizeOf = (v: Request): bigint => BigInt((fileOf(v)?.it.pages ?? 0) * v.world.pageSize);

/** The command as the kernel gets it: an unsigned int (fs/ioctl.c). */
export function commandOf({ step, world }: Request): bigint {
  if (step.verb === 'set_attributes') return BigInt.asUintN(32, step.cmd ?? KVM_SET_MEMORY_ATTRIBUTES2);
  if (step.verb === 'convert' && world.profile.conversion.kind === 'attributes2')
    return KVM_SET_MEMORY_ATTRIBUTES2;
  return step.to === 'private' ? KVM_GMEM_CONVERT_PRIVATE : KVM_GMEM_CONVERT_SHARED;
}

/** Whether the two ioctls of dialect 1 are what the file knows, instead of KVM_SET_MEMORY_ATTRIBUTES2. */
export const convertIoctls = ({ world }: Request): boolean => world.dialect === 1;

/** Whether the file has the command, so that its argument matters. */
export function isKnown(v: Request): boolean {
  if (!v.world.has('conversion') || !fileOf(v)) return false;
  const command = commandOf(v);
  return convertIoctls(v)
    ? command === KVM_GMEM_CONVERT_PRIVATE || command === KVM_GMEM_CONVERT_SHARED
    : command === KVM_SET_MEMORY_ATTRIBUTES2;
}

/** How the structure is handed over. */
const argOf = (step: StepOf<Converting>): StepOf<'set_attributes'>['arg'] =>
  step.verb === 'convert' ? 'good' : step.arg;

/** Whether the kernel can read the request. */
export const isReadable = ({ step }: Request): boolean => readable(argOf(step));
/** Whether it can write an answer into it. */
export const isWritable = ({ step }: Request): boolean => writable(argOf(step));

/** The state that the request wants its pages to have. */
export function target({ step }: Request): PageState {
  if (step.verb !== 'set_attributes') return step.to;
  return (step.attributes & PRIVATE) === 0n ? 'shared' : 'private';
}

/** Content flags of the request, 0 where it has none. */
export function flagsOf({ step, world }: Request): bigint {
  if (step.verb === 'set_attributes') return step.flags;
  const { conversion } = world.profile;
  return step.verb === 'convert' && conversion.kind === 'attributes2' ? conversion.flags : 0n;
}

/** Where the range begins, bytes from the start of the file. */
export const offsetOf = ({ step }: Request): bigint => BigInt.asUintN(64, step.offset);
/** Length of the range, bytes. */
export const lengthOf = ({ step }: Request): bigint => BigInt.asUintN(64, step.size);

/** First page of the range, and the one after its last. */
export function pagesOf(v: Request): readonly [number, number] {
  const { pageSize } = v.world;
  return [pageOf(offsetOf(v), pageSize), pageOf(offsetOf(v) + lengthOf(v), pageSize)];
}

const RESERVED_WORDS = 11;

/** The structure as the caller finds it when nothing was written to it. */
export function untouched({ step }: Request): Report {
  if (!readable(argOf(step))) return {};
  if (step.verb === 'convert') return { error_offset: 0n };
  if (step.verb === 'convert_raw') return { error_offset: step.error_offset };
  const { error_offset, offset, size, attributes, flags } = step;
  const fields: Record<string, bigint> = { error_offset, offset, size, attributes, flags };
  for (let i = 0; i < RESERVED_WORDS; i++) fields[`reserved${i}`] = step.reserved[i] ?? 0n;
  return fields;
}

/** The structure with an answer in it, bytes from the start of the file. */
export const answered = (v: Request, error_offset: bigint): Report => ({ ...untouched(v), error_offset });

/** The same rules, for those of the requests alone that the condition holds for. */
export function only<V extends VerbName>(
  applies: (v: View<V>) => boolean,
  rules: readonly Rule<V>[],
): readonly Rule<V>[] {
  return rules.map((rule) => ({ ...rule, when: (v) => applies(v) && rule.when(v) }));
}

/** Rules of all verbs that convert as rules of one of them, which the type of a rule cannot say. */
export const of = <V extends Converting>(rules: readonly Rule<Converting>[]): readonly Rule<V>[] =>
  rules as unknown as readonly Rule<V>[];
