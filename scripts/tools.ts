import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What the tests need beyond npm: found, or installed when this may be done (root, apt), or named with the reason.
 * `variable` is how the tests learn of it; a person may set it to a program of their own.
 */
export interface Tool {
  readonly name: string;
  readonly variable: string;
  readonly path?: string;
  readonly reason?: string;
}

const cache = join(dirname(fileURLToPath(import.meta.url)), '..', 'tests', '.cache');
const mayInstall = process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0;

function answers(path: string, args: readonly string[], pattern: RegExp): boolean {
  const result = spawnSync(path, args, { encoding: 'utf8' });
  return result.status === 0 && pattern.test(result.stdout);
}

function attempt(work: () => string | undefined): string | undefined {
  try {
    return work();
  } catch (error) {
    process.stderr.write(`tools: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}\n`);
    return undefined;
  }
}

let listsAreFresh = false;
function freshenLists(): void {
  if (!listsAreFresh) execFileSync('apt-get', ['-qq', 'update'], { stdio: ['ignore', 2, 2] });
  listsAreFresh = true;
}

function apt(...args: string[]): void {
  freshenLists();
  execFileSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
}

/** Unpacks one Debian package beside the system, from the system's own release or from another (`sid`) of its mirror. */
function unpack(name: string, release: string | undefined, folder: string): void {
  mkdirSync(cache, { recursive: true });
  const staging = mkdtempSync(join(cache, 'unpack-'));
  const run = (args: string[]): void => {
    execFileSync('apt-get', args, { cwd: staging, stdio: ['ignore', 2, 2] });
  };
  if (release === undefined) {
    freshenLists();
    run(['-qq', 'download', name]);
  } else {
    for (const part of ['lists/partial', 'archives/partial']) mkdirSync(join(staging, part), { recursive: true });
    const options = [
      '-o',
      `Dir::Etc::SourceList=${staging}/sources.list`,
      '-o',
      'Dir::Etc::SourceParts=/dev/null',
      '-o',
      `Dir::State::Lists=${staging}/lists`,
    ];
    options.push(
      '-o',
      `Dir::Cache::archives=${staging}/archives`,
      '-o',
      'Dir::Cache::pkgcache=',
      '-o',
      'Dir::Cache::srcpkgcache=',
      '-o',
      'APT::Sandbox::User=root',
    );
    writeFileSync(
      join(staging, 'sources.list'),
      `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror()} ${release} main\n`,
    );
    run(['-qq', ...options, 'update']);
    run(['-qq', ...options, 'download', name]);
  }
  const file = readdirSync(staging).find((entry) => entry.endsWith('.deb'));
  if (file === undefined) throw new Error(`no package ${name} came`);
  execFileSync('dpkg', ['-x', join(staging, file), join(staging, 'x')]);
  rmSync(folder, { recursive: true, force: true });
  renameSync(join(staging, 'x'), folder);
  rmSync(staging, { recursive: true, force: true });
}

/** The Debian mirror this machine already uses. */
function mirror(): string {
  const sources = '/etc/apt/sources.list.d/debian.sources';
  const text = existsSync(sources) ? readFileSync(sources, 'utf8') : readFileSync('/etc/apt/sources.list', 'utf8');
  const found = /^URIs:\s*(\S+)/m.exec(text)?.[1] ?? /^deb\s+(?:\[[^\]]*\]\s+)?(https?:\S+)/m.exec(text)?.[1];
  if (found === undefined) throw new Error('no Debian mirror is configured');
  return found;
}

function restic(version: string, variable: string, release: string | undefined): Tool {
  const name = `restic ${version}`;
  const isIt = (path: string): boolean => answers(path, ['version'], new RegExp(`^restic ${version.replace('.', '\\.')}\\.`));
  const folder = join(cache, `restic-${version}`);
  const inCache = join(folder, 'usr', 'bin', 'restic');
  const known = [process.env[variable], '/usr/bin/restic', `/opt/restic-${version}/usr/bin/restic`, inCache];
  const path =
    known.find((candidate) => candidate !== undefined && isIt(candidate)) ??
    (mayInstall
      ? attempt(() => {
          unpack('restic', release, folder);
          return isIt(inCache) ? inCache : undefined;
        })
      : undefined);
  if (path !== undefined) return { name, variable, path };
  return {
    name,
    variable,
    reason: `${name} is not here and could not be installed (needs root and Debian's apt); set ${variable} to its path`,
  };
}

function installed(name: string, variable: string, paths: readonly string[], packages: readonly string[]): Tool {
  const find = (): string | undefined => [process.env[variable], ...paths].find((path) => path !== undefined && existsSync(path));
  const path =
    find() ??
    (mayInstall
      ? attempt(() => {
          apt('install', '-y', '--no-install-recommends', ...packages);
          return find();
        })
      : undefined);
  if (path !== undefined) return { name, variable, path };
  return {
    name,
    variable,
    reason: `${name} is not here and could not be installed (needs root and apt); install ${packages.join(' ')} or set ${variable}`,
  };
}

/** Finds or installs every tool; slow only the first time on a machine. */
export function findTools(): readonly Tool[] {
  return [
    restic('0.14', 'RESTIC_014', undefined),
    restic('0.19', 'RESTIC_019', 'sid'),
    installed('Chromium', 'CHROMIUM', ['/usr/bin/chromium', '/usr/bin/chromium-browser'], ['chromium', 'fonts-dejavu-core']),
    installed('setfacl', 'SETFACL', ['/usr/bin/setfacl', '/bin/setfacl'], ['acl']),
    installed('ssh-keygen', 'SSH_KEYGEN', ['/usr/bin/ssh-keygen'], ['openssh-client']),
    installed('age', 'AGE', ['/usr/bin/age'], ['age']),
    installed('openssl', 'OPENSSL', ['/usr/bin/openssl'], ['openssl']),
    installed('curl', 'CURL', ['/usr/bin/curl'], ['curl']),
    installed('jq', 'JQ', ['/usr/bin/jq'], ['jq']),
    installed('ip', 'IPROUTE', ['/usr/bin/ip', '/usr/sbin/ip', '/sbin/ip', '/bin/ip'], ['iproute2']),
  ];
}
