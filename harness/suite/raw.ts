// SPDX-License-Identifier: GPL-2.0-only
/** The shape that suites/schema.json guarantees; what a suite file says before anything is resolved. */
export type Scalar = bigint | string;
export type RawStep = Readonly<Record<string, unknown>>;

export interface RawCase {
  id: string;
  about: string;
  source?: string[];
  requires?: string[];
  rules?: string[];
  arch?: string[];
  profiles?: string[];
  matrix?: Record<string, string | Scalar[]>;
  table?: Record<string, Scalar>[];
  fixture?: RawStep[];
  times?: bigint;
  steps: RawStep[];
  xfail?: { reason: string; arch?: string[]; profiles?: string[] };
}

export interface RawSuite {
  suite: string;
  about: string;
  source?: string[];
  requires?: string[];
  rules?: string[];
  arch?: string[];
  profiles?: string[];
  fixture?: RawStep[];
  times?: bigint;
  cases: RawCase[];
}
