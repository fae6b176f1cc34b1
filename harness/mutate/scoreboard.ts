// SPDX-License-Identifier: GPL-2.0-only
/** What became of a fault. */
export interface Score {
  /** Name of the fault, or of the mutant. */
  id: string;
  /**
   * `equivalent`: nothing can tell it, and somebody said why. `error`: it could not be found out, which is
   * neither good nor bad news of the suites.
   */
  verdict: 'killed' | 'survived' | 'equivalent' | 'error';
  /** The first point that tells it. */
  by?: string;
  /** Of what is not killed: the argument, or what went wrong. One line. */
  why?: string;
  /** What is wrong with it, one line; mutants say so by their names. */
  about?: string;
}

export interface Counts {
  total: number;
  killed: number;
  survived: number;
  equivalent: number;
  error: number;
}

/** How many of each, and of all. */
export function count(scores: readonly Score[]): Counts {
  const of = (verdict: Score['verdict']): number => scores.filter((s) => s.verdict === verdict).length;
  return {
    total: scores.length,
    killed: of('killed'),
    survived: of('survived'),
    equivalent: of('equivalent'),
    error: of('error'),
  };
}

/** Share of the faults that can be told at all that were told, in percent; 0 when there is nothing to tell. */
export function percentKilled({ killed, survived, error }: Counts): number {
  const all = killed + survived + error;
  return all === 0 ? 0 : (100 * killed) / all;
}

/** One line for the end of a run. */
export function summary(scores: readonly Score[]): string {
  const c = count(scores);
  const errors = c.error > 0 ? `, ${c.error} errors` : '';
  return (
    `${c.total} faults: ${c.killed} killed, ${c.survived} survived, ${c.equivalent} equivalent${errors}; ` +
    `${percentKilled(c).toFixed(1)} % of those that can be told`
  );
}

/**
 * The table as it is committed: the same for every run of the same faults and suites, sorted as given.
 * @param head lines that say what was mutated
 */
export function renderScoreboard(head: readonly string[], scores: readonly Score[]): string {
  const width = Math.max(0, ...scores.map((s) => s.id.length));
  const rows = scores.map((s) => {
    const rest = s.verdict === 'killed' ? (s.by ?? '') : (s.why ?? '');
    const about = s.about === undefined ? [] : [`    ${s.about}`];
    return [`${s.id.padEnd(width)}  ${s.verdict.padEnd(10)}  ${rest}`.trimEnd(), ...about].join('\n');
  });
  return [...head.map((line) => `# ${line}`), `# ${summary(scores)}`, ...rows, ''].join('\n');
}
