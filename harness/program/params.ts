// SPDX-License-Identifier: GPL-2.0-only
/** Kinds of kernel objects that steps name. Everything but a map and a pin is, or stands for, a file descriptor. */
export const OBJECT_KINDS = ['kvm', 'vm', 'gmem', 'vcpu', 'file', 'map', 'pin'] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** Every kind that is a file descriptor and so a possible target of an ioctl or an fd operation. */
export const FD_KINDS: readonly ObjectKind[] = ['kvm', 'vm', 'gmem', 'vcpu', 'file'];

interface Common {
  about: string;
}
export interface NumParam extends Common {
  kind: 'num';
  default?: bigint;
  /** The only values that make sense, when not all do. */
  among?: readonly bigint[];
}
export interface OptNumParam extends Common {
  kind: 'optnum';
}
export interface NumsParam extends Common {
  kind: 'nums';
  max: number;
}
export interface RefParam extends Common {
  kind: 'ref';
  of: readonly ObjectKind[];
  default?: string;
}
export interface OptRefParam extends Common {
  kind: 'optref';
  of: readonly ObjectKind[];
}
export interface NewParam extends Common {
  kind: 'new';
  makes: ObjectKind;
  default: string;
}
export interface EnumParam<V extends string = string> extends Common {
  kind: 'enum';
  values: readonly V[];
  default?: V;
}
export interface WordParam extends Common {
  kind: 'word';
}
export interface StepsParam extends Common {
  kind: 'steps';
}

export interface ThreadsParam extends Common {
  kind: 'threads';
}

export type Param =
  | NumParam
  | OptNumParam
  | NumsParam
  | RefParam
  | OptRefParam
  | NewParam
  | EnumParam
  | WordParam
  | StepsParam
  | ThreadsParam;

/** A number, given as an expression. Without a default it must be present. */
export const num = (about: string, fallback?: bigint, among?: readonly bigint[]): NumParam => ({
  kind: 'num',
  about,
  ...(fallback === undefined ? {} : { default: fallback }),
  ...(among === undefined ? {} : { among }),
});
/** A number that may be absent. */
export const optnum = (about: string): OptNumParam => ({ kind: 'optnum', about });
/** A list of at most `max` numbers, empty by default. */
export const nums = (about: string, max: number): NumsParam => ({ kind: 'nums', about, max });
/** The name of an existing object. */
export const ref = (about: string, of: readonly ObjectKind[], fallback?: string): RefParam => ({
  kind: 'ref',
  about,
  of,
  ...(fallback === undefined ? {} : { default: fallback }),
});
/** The name of an existing object, or nothing. */
export const optref = (about: string, of: readonly ObjectKind[]): OptRefParam => ({
  kind: 'optref',
  about,
  of,
});
/** The name under which later steps know the object that this step makes. */
export const makes = (kind: ObjectKind, fallback: string): NewParam => ({
  kind: 'new',
  about: `name of the new ${kind}`,
  makes: kind,
  default: fallback,
});
/** One of a fixed set of words. */
export const oneOf = <const V extends string>(
  about: string,
  values: readonly V[],
  fallback?: V,
): EnumParam<V> => ({
  kind: 'enum',
  about,
  values,
  ...(fallback === undefined ? {} : { default: fallback }),
});
/** A lower-case name of something outside of the program. */
export const word = (about: string): WordParam => ({ kind: 'word', about });
/** Nested steps. */
export const steps = (about: string): StepsParam => ({ kind: 'steps', about });

/** Lists of nested steps, one for each thread. */
export const threads = (about: string): ThreadsParam => ({ kind: 'threads', about });

/** How a structure is handed to the kernel; everything but `good` is about the pointer, not the contents. */
export const POINTERS = ['good', 'null', 'unmapped', 'readonly', 'straddle', 'tight', 'unaligned'] as const;
export type Pointer = (typeof POINTERS)[number];
export const pointer = oneOf(
  'how the argument is passed: good memory, NULL, an unmapped page, a read-only page, across the end of a mapping, up to the last byte of a mapping, an odd address',
  POINTERS,
  'good',
);

/** The TypeScript value of a parameter; `S` is the type of a nested step. */
export type ValueOf<P, S> = P extends NumParam
  ? bigint
  : P extends OptNumParam
    ? bigint | undefined
    : P extends NumsParam
      ? readonly bigint[]
      : P extends OptRefParam
        ? string | undefined
        : P extends RefParam | NewParam | WordParam
          ? string
          : P extends EnumParam<infer V>
            ? V
            : P extends StepsParam
              ? readonly S[]
              : P extends ThreadsParam
                ? readonly (readonly S[])[]
                : never;
