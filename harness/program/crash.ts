// SPDX-License-Identifier: GPL-2.0-only
/** What killed a kernel, or made it complain, as far as its console tells. */
export interface CrashReport {
  /** `panic`, `oops`, `hang`, `lost`: a guest that ended; `splat`: a warning of a guest that lives on. */
  kind: 'panic' | 'oops' | 'hang' | 'lost' | 'splat';
  /** One line for the report, e.g. `Kernel panic - not syncing: sysrq triggered crash`. */
  title: string;
  /** The console around it, at most some tens of lines. */
  excerpt: string[];
}
