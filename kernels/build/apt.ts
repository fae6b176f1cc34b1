// SPDX-License-Identifier: GPL-2.0-only
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { TargetError } from '../../harness/target/executor.js';
import { debianMirror, parseDeb822, parseOneLine } from './apt-sources.js';
import { cacheDir } from './cache.js';

/** Names a mirror on machines that are configured for none. */
const MIRROR_VARIABLE = 'GMEMCHECK_DEBIAN_MIRROR';
const DEFAULT_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

function configuredSources() {
  const parts = '/etc/apt/sources.list.d';
  const inParts = existsSync(parts)
    ? readdirSync(parts)
        .sort()
        .map((file) => join(parts, file))
    : [];
  return ['/etc/apt/sources.list', ...inParts].flatMap((file) => {
    if (!existsSync(file)) return [];
    if (file.endsWith('.sources')) return parseDeb822(readFileSync(file, 'utf8'));
    return file.endsWith('.list') ? parseOneLine(readFileSync(file, 'utf8')) : [];
  });
}

function configuredMirror(): { uri: string; signedBy?: string } {
  const named = process.env[MIRROR_VARIABLE] ?? '';
  const mirror = named === '' ? debianMirror(configuredSources()) : { uri: named };
  if (mirror) return mirror;
  throw new TargetError(
    `expected a mirror of Debian (…/debian, main) in /etc/apt/sources.list or sources.list.d, found none; ` +
      `set ${MIRROR_VARIABLE} to the URI of one`,
  );
}

async function apt(command: string, args: string[], cwd?: string): Promise<string> {
  const { exitCode, stdout, stderr, shortMessage } = await execa(command, args, {
    reject: false,
    stdin: 'ignore',
    env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (exitCode === 0) return stdout;
  const reason = stderr.trim().split('\n').slice(-6).join('\n') || (shortMessage ?? 'no exit code');
  throw new TargetError(
    `expected ${command} ${args.slice(-2).join(' ')} to succeed (a Debian mirror must be reachable):\n${reason}`,
  );
}

/**
 * Packages of another Debian suite, through an apt state of our own: the machine's sources, lists and
 * package database are only read. The configured mirror, keyring and proxy settings are used.
 */
export class PrivateApt {
  private constructor(
    private readonly options: string[],
    private readonly directory: string,
  ) {}

  /**
   * Prepare the state below the cache directory (no network).
   *
   * @param suite e.g. `trixie-backports`.
   * @param arch of packages, as Debian names it; default: this machine's.
   * @throws TargetError when there is no mirror, or no keyring to check signatures with.
   */
  static async open(suite: string, arch?: string): Promise<PrivateApt> {
    const mirror = configuredMirror();
    const keyring = mirror.signedBy ?? DEFAULT_KEYRING;
    if (!existsSync(keyring)) {
      throw new TargetError(
        `expected the keyring ${keyring} to exist; install the package debian-archive-keyring`,
      );
    }
    const directory = cacheDir('apt', arch === undefined ? suite : `${suite}-${arch}`);
    const list = join(directory, 'sources.list');
    await mkdir(join(directory, 'lists', 'partial'), { recursive: true });
    await mkdir(join(directory, 'cache', 'archives', 'partial'), { recursive: true });
    await writeFile(list, `deb [signed-by=${keyring}] ${mirror.uri} ${suite} main\n`);
    const settings = {
      'Dir::Etc::SourceList': list,
      'Dir::Etc::SourceParts': '/nonexistent',
      'Dir::State::Lists': join(directory, 'lists'),
      'Dir::Cache': join(directory, 'cache'),
      'Acquire::Languages': 'none',
      'Acquire::Retries': '3',
      // The unprivileged _apt user cannot write below a home directory.
      'APT::Sandbox::User': userInfo().username,
      ...(arch === undefined ? {} : { 'APT::Architecture': arch, 'APT::Architectures': arch }),
    };
    const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
    return new PrivateApt(options, directory);
  }

  /** Fetch the suite's package lists. @throws TargetError when the mirror cannot be reached. */
  async update(): Promise<void> {
    await apt('apt-get', [...this.options, '-qq', 'update']);
  }

  /** @returns the version of a package in the suite. @throws TargetError when it has none. */
  async version(name: string): Promise<string> {
    const version = await this.field(name, 'Version');
    if (version !== '') return version;
    throw new TargetError(`expected the suite of ${this.directory} to have a package ${name}, found none`);
  }

  /** A field of a package's entry, on one line; empty when it has none. @throws TargetError as `version`. */
  async field(name: string, field: string): Promise<string> {
    const shown = await apt('apt-cache', [...this.options, 'show', '--no-all-versions', name]);
    return new RegExp(`^${field}: (.*)$`, 'm').exec(shown)?.[1]?.trim() ?? '';
  }

  /** Download a package (apt checks its hash). @returns the path of the .deb in `into`. */
  async download(name: string, version: string, into: string): Promise<string> {
    await mkdir(into, { recursive: true });
    await apt('apt-get', [...this.options, '-qq', 'download', `${name}=${version}`], into);
    const file = (await readdir(into)).find(
      (entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'),
    );
    if (file !== undefined) return join(into, file);
    throw new TargetError(`expected apt-get to leave ${name}_*.deb in ${into}, found none`);
  }
}
