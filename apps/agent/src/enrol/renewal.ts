import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger } from '@fortfail/base';
import { renewal } from '@fortfail/protocol';
import { caFingerprint, makeCsr, readCertificate } from '@fortfail/trust/certificates';
import { z } from 'zod';
import { errnoOf, removeFile, replaceFile } from '../durable-file.ts';
import type { Host } from '../host.ts';
import { readSiteFile, type SiteFile, writeSiteFile } from '../identity/site-file.ts';
import { answerError, type RemoteSite } from '../link/remote-site.ts';

export interface RenewalParts {
  readonly agentFolder: string;
  readonly hostname: string;
  readonly site: SiteFile;
  readonly host: Host;
  readonly remote: RemoteSite;
  readonly clock: Clock;
  readonly logger: Logger;
}

const lookEveryMs = 60 * 60_000;
const againMs = 10 * 60_000;
const asked = z.object({ requestId: z.string(), generation: z.int(), csr: z.string() });

/**
 * Renews the certificate when two thirds of its life are over. The request is durable before it is sent and sent again as it
 * was until it is answered: a lost answer must not look like a copy of this agent.
 */
export class Renewal {
  readonly #parts: RenewalParts;

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts;
    while (!signal.aborted) {
      const isDone = await this.look(signal).catch((err: unknown) => {
        if (!signal.aborted) logger.warn({ component: 'renewal', err }, 'certificate not renewed, trying again');
        return false;
      });
      await clock.sleep(isDone ? lookEveryMs : againMs, signal).catch(() => undefined);
    }
  }

  /** Renews when it is time, or when an earlier request has no answer yet. True when nothing is left to do. */
  async look(signal: AbortSignal): Promise<boolean> {
    const { agentFolder, clock, remote, logger } = this.#parts;
    const site = (await readSiteFile(agentFolder)) ?? this.#parts.site;
    const open = await this.#open();
    if (open === undefined && !isDue(site.certificate, clock.now())) return true;
    const request = open ?? (await this.#ask(site));
    const answer = await remote.ask('POST', '/api/v1/agents/self/renewal', request, signal);
    const read = renewal.safeParse(answer.body);
    if (answer.status >= 400 || !read.success) throw answerError(answer, 'renew the certificate of this agent');
    await this.#take(site, read.data);
    logger.info({ component: 'renewal', generation: read.data.generation }, 'certificate renewed');
    return true;
  }

  async #take(site: SiteFile, { certificate, generation, linkKeys, roster }: z.infer<typeof renewal>): Promise<void> {
    const { agentFolder, remote, host } = this.#parts;
    // Without an authority of its own, whoever ends TLS could slip in keys: then only a new enrolment brings others.
    const isPinned = site.ca !== null && caFingerprint(site.ca) !== '';
    const keys = isPinned && linkKeys.length > 0 ? linkKeys : site.linkKeys;
    const renewed = { ...site, certificate: certificate ?? site.certificate, generation, linkKeys: keys };
    await writeSiteFile(agentFolder, renewed);
    // The next hello names the new generation: an older one would look like a copy of this agent.
    host.site = renewed;
    await removeFile(this.#path);
    host.orders.trust(renewed);
    if (certificate !== null) remote.offer(certificate);
    if (roster !== null) await host.rosters.offer(roster);
  }

  async #ask({ generation }: SiteFile): Promise<z.infer<typeof asked>> {
    const { hostname, host } = this.#parts;
    const request = { requestId: randomBytes(16).toString('hex'), generation, csr: await makeCsr(host.keys.identity, hostname) };
    await replaceFile(this.#path, `${JSON.stringify(request)}\n`);
    return request;
  }

  async #open(): Promise<z.infer<typeof asked> | undefined> {
    const text = await readFile(this.#path, 'utf8').catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    return text === undefined ? undefined : asked.parse(JSON.parse(text));
  }

  get #path(): string {
    return join(this.#parts.agentFolder, 'renewal.json');
  }
}

/** Two thirds of its life are over. Without a certificate there is nothing to renew. */
export function isDue(certificate: string | null, now: Date): boolean {
  if (certificate === null) return false;
  const { notBefore, notAfter } = readCertificate(certificate);
  return now.getTime() >= notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 2) / 3;
}
