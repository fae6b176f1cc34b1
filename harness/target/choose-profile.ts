// SPDX-License-Identifier: GPL-2.0-only
import { CONVERSION_REQUESTS, PROFILES, REQUEST_NAMES } from '../uapi/profiles/index.js';
import type { Profile, RequestName } from '../uapi/profiles/index.js';

/** What was found out by doing. An answer is an errno name, `?` for what could not be asked. */
export interface Evidence {
  /** Answers of conversion commands to a NULL argument on a guest_memfd. */
  commands: readonly { name: string; cmd: bigint; answer: string }[];
  /** Answers to requests that change nothing. */
  requests: Readonly<Record<RequestName, string>>;
  /** The value of a capability where it says most: on a VM with private memory, else on /dev/kvm. */
  capability: (number: bigint) => bigint;
  /** Where that is, for reasons. */
  askedOn: string;
}

/**
 * The one profile whose description fits everything seen, newest first; undefined when none does.
 * @param reasons receives one sentence for each profile looked at
 */
export function chooseProfile(seen: Evidence, reasons: string[]): Profile | undefined {
  for (const profile of [...PROFILES].reverse()) {
    const against = contradiction(profile, seen);
    if (against === undefined) {
      reasons.push(`${profile.id}: ${agreement(profile, seen)}`);
      return profile;
    }
    reasons.push(`not ${profile.id}: ${against}`);
  }
  reasons.push('no known dialect fits; choose one with --profile');
  return undefined;
}

/** The first answer that a kernel of this dialect does not give. */
function contradiction(profile: Profile, seen: Evidence): string | undefined {
  const { commands, capability, requests } = profile.probe;
  const wrong = seen.commands.find((c) => {
    const expected = commands.find((p) => p.cmd === c.cmd)?.answer ?? 'ENOTTY';
    return c.answer !== '?' && c.answer !== expected;
  });
  if (wrong) return `${wrong.name} gives ${wrong.answer}`;
  if (commands.length > 0 && unasked(seen)) return 'there is no guest_memfd';
  for (const name of requests ? REQUEST_NAMES : []) {
    const [answer, expected] = [seen.requests[name], requests?.[name]];
    if (answer !== '?' && answer !== expected)
      return `${CONVERSION_REQUESTS[name].about} gives ${answer}, expected ${String(expected)}`;
  }
  const value = capability && seen.capability(capability.number);
  return capability && value !== capability.value
    ? `capability ${capability.number.toString()} is ${String(value)} on ${seen.askedOn}, expected ${capability.value.toString()}`
    : undefined;
}

const unasked = (seen: Evidence): boolean => seen.commands.every((c) => c.answer === '?');

function agreement({ probe }: Profile, seen: Evidence): string {
  if (unasked(seen)) return 'there is no guest_memfd, and so nothing that another dialect could be told by';
  const parts = [
    'all commands',
    ...(probe.requests ? ['all requests'] : []),
    ...(probe.capability ? ['the capability'] : []),
  ];
  const list = parts.length === 1 ? parts : [parts.slice(0, -1).join(', '), parts.at(-1) ?? ''];
  return `${list.join(' and ')} answer as this dialect does`;
}
