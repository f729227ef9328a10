import { spawnSync } from 'node:child_process';
import type { Program } from './programs.ts';

/** `10.213.x.y` is nobody's here: each namespace has a network stack of its own, and nothing of this one leads into them. */
const site = '10.213.0.1';

/**
 * Hosts as network namespaces with a cable each to the first one, which is the site. What listens on loopback in one is
 * reached from no other. Where namespaces cannot be made (without root, in many containers), all hosts share this machine's
 * network: `address` is loopback then and `program` changes nothing.
 */
export class HostNetwork implements Disposable {
  readonly #prefix: string;
  readonly #names: readonly string[];
  readonly isReal: boolean;

  private constructor(prefix: string, names: readonly string[], isReal: boolean) {
    this.#prefix = prefix;
    this.#names = names;
    this.isReal = isReal;
  }

  /** The first name is the site's. */
  static open(names: readonly [string, ...string[]]): HostNetwork {
    const network = new HostNetwork(`ff${process.pid}`, names, process.getuid?.() === 0 && ip('netns', 'list'));
    if (!network.isReal || network.#make()) return network;
    network[Symbol.dispose]();
    process.stdout.write('network namespaces cannot be made here: all hosts share one network\n');
    return new HostNetwork('', names, false);
  }

  /** Where the site is reached from every host. */
  get address(): string {
    return this.isReal ? site : '127.0.0.1';
  }

  /** The program as it runs on that host, which goes by that name; as another user when one is given. */
  program(name: string, program: Program, uid?: number): Program {
    const user = uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const inner = [...user, program.file, ...program.before];
    if (!this.isReal) return uid === undefined ? program : { ...program, file: inner[0] ?? '', before: inner.slice(1) };
    const renamed = ['unshare', '--uts', 'sh', '-c', 'hostname "$0"; exec "$@"', name];
    return { name: program.name, file: 'ip', before: ['netns', 'exec', this.#space(name), ...renamed, ...inner] };
  }

  #space(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  #make(): boolean {
    const [hub = '', ...others] = this.#names.map((name) => this.#space(name));
    const isMade = [hub, ...others].every((space) => ip('netns', 'add', space) && ip('-n', space, 'link', 'set', 'lo', 'up'));
    if (!isMade || !ip('-n', hub, 'address', 'add', `${site}/32`, 'dev', 'lo')) return false;
    return others.every((space, index) => {
      const [near, far, cable] = [`10.213.${index + 1}.1`, `10.213.${index + 1}.2`, `to${index + 1}`];
      return (
        ip('link', 'add', 'eth0', 'netns', space, 'type', 'veth', 'peer', 'name', cable, 'netns', hub) &&
        ip('-n', hub, 'address', 'add', `${near}/30`, 'dev', cable) &&
        ip('-n', hub, 'link', 'set', cable, 'up') &&
        ip('-n', space, 'address', 'add', `${far}/30`, 'dev', 'eth0') &&
        ip('-n', space, 'link', 'set', 'eth0', 'up') &&
        ip('-n', space, 'route', 'add', 'default', 'via', near)
      );
    });
  }

  /** Pulls a host's cable out: nothing is refused, nothing arrives. */
  cut(name: string): void {
    if (this.isReal) ip('-n', this.#space(name), 'link', 'set', 'eth0', 'down');
  }

  mend(name: string): void {
    if (!this.isReal) return;
    const near = `10.213.${this.#names.indexOf(name)}.1`;
    ip('-n', this.#space(name), 'link', 'set', 'eth0', 'up');
    ip('-n', this.#space(name), 'route', 'replace', 'default', 'via', near);
  }

  [Symbol.dispose](): void {
    for (const name of this.#names) ip('netns', 'delete', this.#space(name));
  }
}

function ip(...args: readonly string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0;
}
