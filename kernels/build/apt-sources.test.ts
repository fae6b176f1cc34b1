// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { debianMirror, parseDeb822, parseOneLine } from './apt-sources.js';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

describe('parseOneLine', () => {
  it('reads types, options, URI, suite and components', () => {
    const text = [
      '# deb http://commented/debian sid main',
      `deb [arch=amd64 signed-by=${keyring}] http://mirror/debian bookworm main contrib # why`,
      'deb-src http://mirror/debian bookworm main',
      'nonsense',
    ].join('\n');
    expect(parseOneLine(text)).toEqual([
      {
        types: ['deb'],
        uris: ['http://mirror/debian'],
        suites: ['bookworm'],
        components: ['main', 'contrib'],
        signedBy: keyring,
      },
      { types: ['deb-src'], uris: ['http://mirror/debian'], suites: ['bookworm'], components: ['main'] },
    ]);
  });
});

describe('parseDeb822', () => {
  it('reads stanzas, comments inside them, and lists over several lines', () => {
    const text = `Types: deb\n# a comment\nURIs: http://mirror/debian\nSuites: bookworm\n bookworm-updates\nComponents: main\nSigned-By: ${keyring}\n\n\nTypes: deb\nURIs: http://other/debian-security\nSuites: bookworm-security\nComponents: main\n`;
    expect(parseDeb822(text)).toEqual([
      {
        types: ['deb'],
        uris: ['http://mirror/debian'],
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main'],
        signedBy: keyring,
      },
      {
        types: ['deb'],
        uris: ['http://other/debian-security'],
        suites: ['bookworm-security'],
        components: ['main'],
      },
    ]);
  });
  it('leaves out disabled stanzas and keys given in the file', () => {
    expect(parseDeb822('Types: deb\nURIs: http://m/debian\nSuites: s\nEnabled: no\n')).toEqual([]);
    const inline =
      'Types: deb\nURIs: http://m/debian\nSuites: s\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ\n';
    expect(parseDeb822(inline)[0]).not.toHaveProperty('signedBy');
  });
});

describe('debianMirror', () => {
  const source = { types: ['deb'], suites: ['x'], components: ['main'] };
  it('takes the main archive, not security, sources or other vendors', () => {
    expect(
      debianMirror([
        { ...source, uris: ['https://packages.example.com/apt'] },
        { ...source, uris: ['http://m/debian-security'] },
        { ...source, types: ['deb-src'], uris: ['http://m/debian'] },
        { ...source, uris: ['http://mirror.example/debian/'], signedBy: keyring },
      ]),
    ).toEqual({ uri: 'http://mirror.example/debian/', signedBy: keyring });
  });
  it('finds none on another distribution', () => {
    expect(debianMirror([{ ...source, uris: ['http://archive.ubuntu.com/ubuntu'] }])).toBeUndefined();
  });
});
