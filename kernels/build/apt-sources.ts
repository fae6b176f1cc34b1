// SPDX-License-Identifier: GPL-2.0-only

/** One line of sources.list, or one stanza of a .sources file. */
export interface AptSource {
  types: string[];
  uris: string[];
  suites: string[];
  components: string[];
  /** Path of the keyring; undefined when the source names none, or holds the key itself. */
  signedBy?: string;
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}

function source(
  fields: Record<'types' | 'uris' | 'suites' | 'components', string | undefined>,
  signedBy: string | undefined,
): AptSource {
  const keyring = words(signedBy)[0];
  return {
    types: words(fields.types),
    uris: words(fields.uris),
    suites: words(fields.suites),
    components: words(fields.components),
    ...(keyring?.startsWith('/') === true ? { signedBy: keyring } : {}),
  };
}

/** Parse the one-line format of sources.list(5): `deb [options] URI SUITE COMPONENT…`. */
export function parseOneLine(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)(.*)$/.exec(
      line.replace(/#.*/, '').trim(),
    );
    if (!match) return [];
    const [, types, options, uris, suites, components] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options ?? '')?.[1]?.split(',')[0];
    return [source({ types, uris, suites, components }, signedBy)];
  });
}

function stanza(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let last: string | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const [, key, value] = /^([A-Za-z-]+):\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) {
      last = key.toLowerCase();
      fields.set(last, value);
    } else if (/^\s/.test(line) && last !== undefined) {
      fields.set(last, `${fields.get(last) ?? ''}\n${line.trim()}`);
    }
  }
  return fields;
}

/** Parse the deb822 format of sources.list(5); disabled stanzas are left out. */
export function parseDeb822(text: string): AptSource[] {
  return text.split(/\n(?:[ \t]*\n)+/).flatMap((block) => {
    const fields = stanza(block);
    const uris = fields.get('uris');
    if (uris === undefined || /^(no|false|off|0)$/i.test(fields.get('enabled') ?? '')) return [];
    const [types, suites, components] = ['types', 'suites', 'components'].map((key) => fields.get(key));
    return [source({ types, uris, suites, components }, fields.get('signed-by'))];
  });
}

/**
 * The mirror of Debian's main archive that a machine is configured for, and its keyring.
 *
 * @returns undefined when none of the sources is one (another distribution, for example).
 */
export function debianMirror(sources: readonly AptSource[]): { uri: string; signedBy?: string } | undefined {
  for (const { types, uris, components, signedBy } of sources) {
    const uri = uris.find((candidate) => /\/debian\/?$/.test(candidate));
    if (uri === undefined || !types.includes('deb') || !components.includes('main')) continue;
    return signedBy === undefined ? { uri } : { uri, signedBy };
  }
  return undefined;
}
