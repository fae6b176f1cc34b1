// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where a compiled worker is. Installed code has it beside its source's place. Code that runs from its TypeScript
 * sources (vitest) has not, and Node 20 starts no TypeScript: there the worker and what it imports are transpiled
 * into node_modules/.cache, by content, so that it is neither stale nor written while another test reads it.
 */
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
/**
 * Path of a JavaScript file that Node can start as a worker.
 * @param name of the source, relative to this directory and without its extension
 */
export async function workerPath(name = 'host-worker'): Promise<string> {
  const beside = join(here, `${name}.js`);
  return (await exists(beside)) ? beside : transpiledWorker(join(here, `${name}.ts`));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function transpiledWorker(entry: string): Promise<string> {
  const { default: ts } = await import('typescript');
  const sources = new Map<string, string>();
  const collect = async (path: string): Promise<void> => {
    if (sources.has(path)) return;
    const source = await readFile(path, 'utf8');
    sources.set(path, source);
    for (const { fileName } of ts.preProcessFile(source).importedFiles) {
      if (fileName.startsWith('.')) await collect(join(dirname(path), fileName.replace(/\.js$/, '.ts')));
    }
  };
  await collect(entry);

  const place = (base: string, path: string): string =>
    join(base, relative(root, path).replace(/\.ts$/, '.js'));
  const hash = createHash('sha256').update(JSON.stringify([entry, ...sources]));
  const cache = join(root, 'node_modules', '.cache', 'gmemcheck');
  const target = join(cache, hash.digest('hex').slice(0, 32));
  if (await exists(target)) return place(target, entry);

  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, 'build-'));
  await writeFile(join(scratch, 'package.json'), '{ "type": "module" }\n');
  for (const [path, source] of sources) {
    const output = place(scratch, path);
    await mkdir(dirname(output), { recursive: true });
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    await writeFile(output, ts.transpileModule(source, { compilerOptions }).outputText);
  }
  // Whoever comes second finds the same contents in place.
  await rename(scratch, target).catch(() => rm(scratch, { recursive: true, force: true }));
  return place(target, entry);
}
