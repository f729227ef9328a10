import { readFileSync, renameSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { type Clock, FortFailError, type Logger } from '@fortfail/base';
import { type Exposure as ExposureAnswer, type ExposureDraft, exposureDraft } from '@fortfail/protocol';
import { caFingerprint, readCertificate } from '@fortfail/trust/certificates';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { SiteAuthority } from '../ca/site-authority.ts';
import { randomHex } from '../ids.ts';
import { errnoOf, syncFolder, writeWhole } from '../keys/secret-file.ts';
import type { Listeners, TlsDoor } from './listen.ts';
import { checkMaterial, type TlsMaterial } from './tls-material.ts';

const checkEveryMs = 60_000;
const stored = exposureDraft.extend({ v: z.literal(1) });

/** A certificate of one's own, by its files. */
export interface OwnTls {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface ExposureParts {
  /** Undefined: nothing is kept, for tests. */
  readonly dataFolder: string | undefined;
  readonly authority: SiteAuthority;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly publicUrl?: string | undefined;
  /** The first door's, when that goes beyond loopback. */
  readonly host?: string | undefined;
  readonly tls?: OwnTls | undefined;
  /** PEM of the authority behind `tls`, when machines do not know it anyway. */
  readonly tlsCa?: string | undefined;
}

/** How agents find and recognise this site: what stands in a join string. */
export interface SiteDoor {
  readonly url: string;
  /** `sha256:...` of the authority they pin, or `system`. */
  readonly pin: string;
  /** PEM of that authority; null for `system`. */
  readonly ca: string | null;
}

/** The second, TLS door for other hosts: made by `fortfail expose`, opened at each start, its certificate renewed in time. */
export class Exposure {
  readonly #parts: ExposureParts;
  #draft: ExposureDraft | undefined;
  #door: TlsDoor | undefined;
  #until: string | null = null;
  #listeners: Listeners | undefined;
  #app: FastifyInstance | undefined;
  #ownStamp: string;
  #port: () => number = () => 0;

  /** Reads what `expose` left. Throws `damaged` for a file that cannot be understood. */
  constructor(parts: ExposureParts) {
    this.#parts = parts;
    this.#draft = parts.dataFolder === undefined ? undefined : readDraft(parts.dataFolder);
    this.#ownStamp = stampOf(parts.tls);
  }

  /** Opens the door when there is one. `port`: of the first door. Throws what keeps it shut: it is never left out silently. */
  async start(app: FastifyInstance, listeners: Listeners, port: () => number): Promise<void> {
    this.#app = app;
    this.#listeners = listeners;
    this.#port = port;
    if (this.#draft === undefined) return;
    if (this.#parts.authority.certificate === undefined) throw authorityLost();
    await this.#open(this.#draft);
  }

  /** Opens the door under these names, now and at each later start. Throws `conflict` for a port that is taken. */
  async expose(draft: ExposureDraft): Promise<ExposureAnswer> {
    await this.#parts.authority.ensure();
    await this.#open(draft);
    this.#draft = { ...draft, port: this.#door?.port ?? draft.port };
    if (this.#parts.dataFolder !== undefined) writeDraft(this.#parts.dataFolder, this.#draft);
    return this.answer();
  }

  answer(): ExposureAnswer {
    const door = this.siteDoor();
    return {
      url: door?.url ?? null,
      names: [...(this.#draft?.names ?? [])],
      port: this.#door?.port ?? this.#draft?.port ?? null,
      authority: door?.pin ?? null,
      certificateUntil: this.#until,
    };
  }

  /** Undefined while other hosts cannot reach this site. */
  siteDoor(): SiteDoor | undefined {
    const { authority, publicUrl, tls, host } = this.#parts;
    const name = this.#draft?.names[0];
    if (name !== undefined && authority.certificate !== undefined) {
      const url = `https://${bracketed(name)}:${this.#door?.port ?? this.#draft?.port}`;
      return { url, pin: caFingerprint(authority.certificate), ca: authority.certificate };
    }
    if (publicUrl !== undefined) return this.#known(new URL(publicUrl).origin);
    if (host === undefined || /^(127\.|::1$|localhost$)/.test(host)) return undefined;
    const reachable = host === '0.0.0.0' || host === '::' ? hostname() : host;
    return this.#known(`${tls === undefined ? 'http' : 'https'}://${bracketed(reachable)}:${this.#port()}`);
  }

  /** Names, and the port they belong to, by which requests of other hosts may come. */
  hosts(): { readonly names: readonly string[]; readonly port: number } | undefined {
    return this.#door === undefined ? undefined : { names: this.#draft?.names ?? [], port: this.#door.port };
  }

  /** What answers `GET /ca.pem`. */
  get pinned(): string | undefined {
    return this.siteDoor()?.ca ?? this.#parts.authority.certificate;
  }

  /** Looks after the certificates until the signal: ours is made anew in time, files of others are read when they change. */
  async work(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts;
    while (!signal.aborted) {
      await clock.sleep(checkEveryMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.refresh();
      } catch (err) {
        logger.error({ component: 'tls', err }, 'renewing a certificate failed; the one in use goes on');
      }
    }
  }

  /** One look at the certificates in use. */
  async refresh(): Promise<void> {
    if (this.#door !== undefined && this.#draft !== undefined) this.#door.update(await this.#material(this.#draft.names));
    const { tls } = this.#parts;
    const stamp = stampOf(tls);
    if (tls === undefined || stamp === this.#ownStamp) return;
    const material = { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile), clientCa: this.#parts.authority.certificate };
    checkMaterial(material, `'${tls.certFile}' and '${tls.keyFile}'`);
    this.#listeners?.updateTls(material);
    this.#ownStamp = stamp;
    this.#parts.logger.info({ component: 'tls' }, 'certificate read anew');
  }

  async #open(draft: ExposureDraft): Promise<void> {
    const listeners = this.#listeners;
    if (listeners === undefined || this.#app === undefined) throw new Error('exposure before start');
    const material = await this.#material(draft.names);
    const before = this.#door;
    if (before !== undefined && before.port === draft.port && this.#draft?.host === draft.host) return before.update(material);
    this.#door = await listeners.openTls(this.#app, { host: draft.host ?? undefined, port: draft.port, material });
    await before?.close();
  }

  async #material(names: readonly string[]): Promise<TlsMaterial> {
    const { certificate, privateKey } = await this.#parts.authority.serverCertificate(names);
    this.#until = readCertificate(certificate).notAfter.toISOString();
    return { cert: certificate, key: privateKey, clientCa: this.#parts.authority.certificate };
  }

  #known(url: string): SiteDoor {
    const { tlsCa } = this.#parts;
    return tlsCa === undefined ? { url, pin: 'system', ca: null } : { url, pin: caFingerprint(tlsCa), ca: tlsCa };
  }
}

function bracketed(name: string): string {
  return name.includes(':') ? `[${name}]` : name;
}

function pathOf(dataFolder: string): string {
  return join(dataFolder, 'exposure.json');
}

function readDraft(dataFolder: string): ExposureDraft | undefined {
  const path = pathOf(dataFolder);
  try {
    const { v: _v, ...draft } = stored.parse(JSON.parse(readFileSync(path, 'utf8')));
    return draft;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw new FortFailError({
      kind: 'damaged',
      code: 'exposure-file',
      message: `unable to read '${path}'`,
      hint: 'Remove it and run `fortfail expose` again.',
      cause,
    });
  }
}

function writeDraft(dataFolder: string, draft: ExposureDraft): void {
  const path = pathOf(dataFolder);
  const temporary = `${path}.${randomHex(8)}.tmp`;
  writeWhole(temporary, `${JSON.stringify({ v: 1, ...draft }, null, 2)}\n`, 0o600);
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

function stampOf(tls: OwnTls | undefined): string {
  if (tls === undefined) return '';
  return [tls.certFile, tls.keyFile]
    .map((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return found === undefined ? 'none' : `${found.mtimeMs} ${found.size} ${found.ino}`;
    })
    .join('|');
}

function authorityLost(): FortFailError {
  return new FortFailError({
    kind: 'not-found',
    code: 'ca-missing',
    message: "unable to open the door for other hosts, the site's certificate authority is gone",
    hint: 'Put ca/ca.key and ca/ca.pem of the data folder back, or remove exposure.json and enrol all hosts anew.',
  });
}
