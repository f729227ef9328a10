import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { options as agentOptions } from '../apps/agent/src/config.ts';
import { options as orchestratorOptions } from '../apps/orchestrator/src/config.ts';

const deploy = join(dirname(fileURLToPath(import.meta.url)), '..', 'deploy');
const read = (name: string): string => readFileSync(join(deploy, name), 'utf8');
const kubernetes = readdirSync(join(deploy, 'kubernetes')).filter((name) => name.endsWith('.yaml'));

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'fortfail-deploy-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Runs a judge from outside; undefined, and said, when it is not on this machine. */
function judge(program: string, args: readonly string[]): { readonly code: number | null; readonly said: string } | undefined {
  const result = spawnSync(program, args, { encoding: 'utf8' });
  if (result.error !== undefined) {
    process.stdout.write(`skipped: no ${program} here\n`);
    return undefined;
  }
  return { code: result.status, said: result.stdout + result.stderr };
}

interface Service {
  readonly image: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly healthcheck?: Readonly<Record<string, unknown>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly template?: { readonly spec: Pod } };
}

interface Pod {
  readonly containers: readonly {
    readonly name: string;
    readonly image: string;
    readonly env: readonly {
      readonly name: string;
      readonly value?: string;
      readonly valueFrom?: { readonly secretKeyRef?: { readonly key: string } };
    }[];
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    readonly resources: { readonly requests: object; readonly limits: object };
  }[];
  readonly volumes: readonly {
    readonly name: string;
    readonly emptyDir?: object;
    readonly secret?: { readonly items: readonly { readonly key: string }[] };
  }[];
}

/** What is in a YAML file; throws for what is no YAML, also for a key that stands twice. */
function documents(text: string): unknown[] {
  return parseAllDocuments(text, { uniqueKeys: true }).map((one) => {
    const [error] = one.errors;
    if (error !== undefined) throw error;
    return one.toJS() as unknown;
  });
}

const [compose] = documents(read('compose.yaml')) as [Compose];
const manifests = kubernetes
  .filter((name) => name !== 'kustomization.yaml')
  .flatMap((name) => documents(read(`kubernetes/${name}`)) as Manifest[]);
const pods = manifests.flatMap(({ spec }) => (spec?.template === undefined ? [] : [spec.template.spec]));
const known = new Set(
  [...orchestratorOptions, ...agentOptions].flatMap((option) =>
    'isSecret' in option && option.isSecret ? [option.name, `${option.name}_FILE`] : [option.name],
  ),
);

describe('the compose file', () => {
  it('brings up the parts under the addresses that the first system had', () => {
    expect(Object.keys(compose.services)).toEqual(['secrets', 'postgres', 'minio', 'orchestrator', 'demo-agent-001']);
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    // Bound to this machine alone unless somebody says otherwise.
    expect(ports.map((port) => port.replace(/^\$\{BIND_ADDRESS:-127\.0\.0\.1\}/, 'here')).sort()).toEqual([
      'here:8000:8000',
      'here:9000:9000',
      'here:9001:9001',
    ]);
    expect(Object.keys(compose.volumes)).toEqual(
      expect.arrayContaining(['postgres_data', 'minio_data', 'orchestrator_wal', 'agent_backups', 'agent_restore']),
    );
  });

  it('waits for what each part needs, and asks each whether it is well', () => {
    const { orchestrator, 'demo-agent-001': agent, postgres, minio } = compose.services;
    expect(
      [postgres, minio].map((service) => [service?.healthcheck?.interval, service?.healthcheck?.timeout, service?.healthcheck?.retries]),
    ).toEqual([
      ['10s', '5s', 5],
      ['10s', '5s', 5],
    ]);
    expect(orchestrator?.healthcheck).toMatchObject({ interval: '30s', timeout: '5s', retries: 3, start_period: '10s' });
    expect(orchestrator?.depends_on).toMatchObject({ postgres: { condition: 'service_healthy' }, minio: { condition: 'service_healthy' } });
    expect(agent?.depends_on).toEqual({ orchestrator: { condition: 'service_healthy' } });
  });

  it('gives our parts only variables that they have, and every secret by a file that the first start makes', () => {
    const ours = Object.values(compose.services).filter(({ image, user }) => image.startsWith('fortfail:') && user === undefined);
    expect(ours).toHaveLength(2);
    const made = [...read('make-secrets.sh').matchAll(/^write (\S+) /gm)].map(([, name]) => name);
    for (const { environment = {}, volumes = [] } of ours) {
      expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
      const mount = volumes.find((volume) => volume.includes(':/run/secrets:ro'))?.split('_secrets')[0];
      for (const [name, value] of Object.entries(environment)) {
        if (name.endsWith('_FILE')) expect(made).toContain(value.replace('/run/secrets', mount ?? ''));
        expect(/SECRET|PASSWORD|TOKEN/.test(name) && !name.endsWith('_FILE')).toBe(false);
      }
    }
  });

  it('is taken by docker-compose', () => {
    const result = judge('docker-compose', ['--file', join(deploy, 'compose.yaml'), 'config', '--quiet']) ?? { code: 0, said: '' };
    expect(result).toEqual({ code: 0, said: '' });
  });

  it('makes strong secrets once, each for its reader alone, and takes those that were given', () => {
    const root = folder();
    const id = String(process.getuid?.() ?? 0);
    const env = { PATH: process.env.PATH ?? '', SECRETS_DIR: root, SITE_UID: id, DATABASE_UID: id, STORE_UID: id };
    const make = (more: Readonly<Record<string, string>> = {}): Record<string, string> => {
      const result = spawnSync('sh', [join(deploy, 'make-secrets.sh')], { env: { ...env, ...more }, encoding: 'utf8' });
      expect(result).toMatchObject({ status: 0, stderr: '' });
      const names = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      return Object.fromEntries(
        names.map((entry) => {
          const path = join(entry.parentPath, entry.name);
          expect(statSync(path).mode & 0o777).toBe(0o400);
          return [path.slice(root.length + 1), readFileSync(path, 'utf8')];
        }),
      );
    };
    const first = make();
    expect(first['site/jwt']).toMatch(/^[A-Za-z0-9_-]{64}$/);
    expect(new Set([first['site/jwt'], first['site/reg'], first['database/password'], first['store/root-password']]).size).toBe(4);
    expect([first['agent/reg'], first['site/s3-secret-key']]).toEqual([first['site/reg'], first['store/root-password']]);
    expect(first['site/database-url']).toBe(`postgresql://fortfail:${first['database/password']}@postgres:5432/fortfail`);
    expect(make()).toEqual(first);
    const given = make({ ORCH_REG_SECRET: 'a given registration secret' });
    expect([given['site/reg'], given['agent/reg'], given['site/jwt']]).toEqual([
      'a given registration secret',
      'a given registration secret',
      first['site/jwt'],
    ]);
  });

  it('has an example of every variable that it reads, and no secret in it', () => {
    const example = new Map([...read('.env.example').matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
    const asked = new Set([...read('compose.yaml').matchAll(/\$\{([A-Z0-9_]+)/g)].map(([, name]) => name));
    expect([...asked].sort()).toEqual([...example.keys()].sort());
    expect([...example].filter(([name]) => /SECRET|PASSWORD|TOKEN/.test(name ?? '')).map(([, value]) => value)).toEqual(['', '']);
  });
});

describe('the manifests for Kubernetes', () => {
  it('are all in one namespace, and all applied', () => {
    const [{ resources }] = documents(read('kubernetes/kustomization.yaml')) as [{ resources: string[] }];
    expect([...resources, 'kustomization.yaml'].sort()).toEqual(kubernetes.sort());
    expect(manifests.filter(({ kind, metadata }) => kind !== 'Namespace' && metadata.namespace !== 'fortfail')).toEqual([]);
    const built = judge('kubectl', ['kustomize', join(deploy, 'kubernetes')]);
    if (built !== undefined) expect([built.code, documents(built.said).length]).toEqual([0, manifests.length]);
  });

  it('hold no secret, and ask only for keys that create-secrets.sh makes', () => {
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    const [, keys = ''] = /^for key in ([^;]*); do/m.exec(read('kubernetes/create-secrets.sh')) ?? [];
    expect(keys.split(' ')).toEqual(['jwt-secret', 'reg-secret', 'db-password']);
    const asked = pods.flatMap(({ containers, volumes }) => [
      ...containers.flatMap(({ env }) => env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.key ?? [])),
      ...volumes.flatMap(({ secret }) => secret?.items.map(({ key }) => key) ?? []),
    ]);
    expect(asked.filter((key) => !keys.split(' ').includes(key))).toEqual([]);
  });

  it('define each variable before another one uses it, and only variables that our parts have', () => {
    for (const { image, env } of pods.flatMap(({ containers }) => containers)) {
      const before = new Set<string>();
      for (const { name, value } of env) {
        for (const [, used = ''] of (value ?? '').matchAll(/\$\(([A-Z_]+)\)/g)) expect(before).toContain(used);
        before.add(name);
        if (image.startsWith('fortfail:') && name !== 'DB_PASSWORD') expect(known).toContain(name);
      }
    }
  });

  it('keep on volumes what must outlive a pod, and bound what each takes', () => {
    for (const { containers, volumes } of pods) {
      expect(
        volumes
          .filter(({ emptyDir }) => emptyDir !== undefined)
          .map(({ name }) => name)
          .filter((name) => name !== 'tmp'),
      ).toEqual([]);
      for (const { resources } of containers)
        expect([resources.requests, resources.limits].every((one) => Object.keys(one).length > 0)).toBe(true);
    }
  });
});

describe('the proxies', () => {
  it('write paths into their logs, never queries', () => {
    const [, format = ''] = /log_format fortfail '([^;]*)';/.exec(read('nginx.conf')) ?? [];
    expect([format.includes('$uri'), /\$(request|request_uri|args|query_string|http_referer)\b/.test(format)]).toEqual([true, false]);
    const [, line = ''] = /log-format "(.*)"/.exec(read('haproxy.cfg')) ?? [];
    expect([line.includes('%HPO'), /%(r|HU|HQ|\{)/.test(line)]).toEqual([true, false]);
  });

  it('are taken by nginx and HAProxy', () => {
    const place = folder();
    const made = judge('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '1',
      '-subj',
      '/CN=ff.example',
      '-keyout',
      join(place, 'ff.example.key'),
      '-out',
      join(place, 'ff.example.pem'),
    ]);
    if (made === undefined) return;
    const settle = (name: string, tls: string): string => {
      const path = join(place, name);
      writeFileSync(path, read(name).replaceAll(tls, place).replaceAll('/var/log/nginx', place));
      return path;
    };
    const nginx = judge('nginx', ['-t', '-q', '-c', settle('nginx.conf', '/etc/nginx/tls'), '-g', `pid ${join(place, 'pid')};`]);
    if (nginx !== undefined) expect(nginx).toEqual({ code: 0, said: '' });
    const haproxyConfig = settle('haproxy.cfg', '/etc/haproxy/tls');
    writeFileSync(
      join(place, 'ff.example.pem'),
      readFileSync(join(place, 'ff.example.key'), 'utf8') + readFileSync(join(place, 'ff.example.pem'), 'utf8'),
    );
    const haproxy = judge('haproxy', ['-c', '-q', '-f', haproxyConfig]);
    if (haproxy !== undefined) expect(haproxy).toEqual({ code: 0, said: '' });
  });
});

it('nothing in deploy holds a value that everybody knows', () => {
  const names = readdirSync(deploy, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  expect(
    names.filter((name) => /minioadmin|change-?me|change-in-production|dev-\w+-secret|password: *\S/i.test(readFileSync(name, 'utf8'))),
  ).toEqual([]);
});
