// SPDX-License-Identifier: GPL-2.0-only
import { describeStep, faultText, number } from '../../program/describe.js';
import type { NumberedLine } from './lines.js';
import type { Observed } from './observed.js';
import { observe, readStrace } from './read-strace.js';

/** What was observed in lines that are the same for every recording: processes are numbered from 1. */
export async function textOf(observed: AsyncIterable<Observed>): Promise<string[]> {
  const pids = new Map<number, number>();
  const pid = (n: number): number => {
    const known = pids.get(n) ?? pids.size + 1;
    pids.set(n, known);
    return known;
  };
  const lines: string[] = [];
  for await (const o of observed) lines.push(`${pid(o.pid)} ${one(o, pid)}`);
  return lines;
}

function one(o: Observed, pid: (n: number) => number): string {
  switch (o.kind) {
    case 'step': {
      const { result, unknown } = o;
      const fields = Object.entries(result.fields).map(([name, v]) => ` ${name}=${number(v)}`);
      const seen = result.fault ? faultText(result.fault) : result.errno;
      const open = unknown.length > 0 ? ` ?${unknown.join(',')}` : '';
      return `${describeStep(o.step)} -> ${seen}${fields.join('')}${open}`;
    }
    case 'birth':
      return `birth of ${pid(o.child)}${o.sharing.memory ? ' memory' : ''}${o.sharing.files ? ' files' : ''}`;
    case 'exec':
      return `exec closes ${o.closed.join(' ')}`;
    case 'adopt':
      return `adopt ${o.name} as ${o.of}`;
    case 'lose':
      return `lose ${o.name}`;
    case 'end':
      return 'end';
  }
}

/** Lines of a log as the reader gets them. */
export function numbered(log: string): NumberedLine[] {
  return log
    .trim()
    .split('\n')
    .map((text, i) => ({ text: text.trim(), number: i + 1 }));
}

/** The steps of a log that is given as text. */
export const stepsOf = (log: string): Promise<string[]> => textOf(observe('log', numbered(log)));
/** The steps of a log in a file. */
export const stepsOfFile = (path: string): Promise<string[]> => textOf(readStrace(path));
