import { printable } from './format.ts';

/** What the agent's own program tells of this host; see `host-main.ts` there. */
export interface HostReport {
  readonly agentId: string | null;
  readonly kind: 'resident' | 'remote' | 'air-gapped';
  readonly site: { readonly name: string; readonly url: string } | null;
  readonly words: readonly string[] | null;
  readonly link: { readonly sentence?: unknown; readonly at?: unknown } | null;
  readonly policy: { readonly path: string | null; readonly digest: string; readonly isOwn: boolean } | null;
  readonly policyError: { readonly message: string; readonly hint?: string | undefined } | null;
  readonly owner: string | null;
  readonly lastOrder: number;
  readonly questions: readonly { readonly words: readonly string[]; readonly sentence: string; readonly askedAt: string }[];
}

export interface Enrolled {
  readonly agentId: string;
  readonly site: { readonly name: string; readonly url: string };
  readonly status: string;
  readonly words: readonly string[];
  readonly owner: string | null;
  readonly wasEnrolled: boolean;
}

export interface Finding {
  readonly grade: 'good' | 'note' | 'bad';
  readonly what: string;
  readonly sentence: string;
  readonly hint: string | null;
}

/** What `agent enrol` and `agent accept` print. */
export function enrolledText({ agentId, site, status, words, owner, wasEnrolled }: Enrolled): string {
  const where = site.url === '' ? printable(site.name) : `${printable(site.name)} (${printable(site.url)})`;
  return [
    wasEnrolled ? `This host is enrolled already: ${agentId} of ${where}.` : `Enrolled as ${agentId} of ${where}.`,
    `Six words, the same as on the console: ${words.join(' ')}`,
    ...(owner === null ? ['No owner is named yet: there is no recovery kit. `fortfail agent owner set` names it later.'] : []),
    ...(status === 'pending' ? ['An admin has to approve this host on the console before it works.'] : []),
    wasEnrolled ? 'To enrol it anew: fortfail agent enrol --replace' : 'Next: fortfail agent',
    '',
  ].join('\n');
}

/** What `agent show` prints. */
export function hostText(report: HostReport): string {
  const { agentId, kind, site, words, link, policy, policyError, owner, lastOrder, questions } = report;
  const rows: readonly (readonly [string, string | null])[] = [
    ['Agent', agentId === null ? 'none yet: start it, or enrol this host' : `${agentId} (${kind})`],
    ['Site', site === null ? null : `${printable(site.name)} ${printable(site.url)}`.trim()],
    ['Words', words?.join(' ') ?? null],
    [
      'Link',
      typeof link?.sentence === 'string' ? `${printable(link.sentence)}${typeof link.at === 'string' ? ` (since ${link.at})` : ''}` : null,
    ],
    [
      'Policy',
      policyError === null ? policyLine(policy) : `${printable(policyError.message)}. No order is obeyed. ${policyError.hint ?? ''}`.trim(),
    ],
    ['Owner', owner ?? 'none'],
    ['Last order', String(lastOrder)],
  ];
  const lines = rows.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(12)}${value}`]));
  const waiting = questions.flatMap((question) => [
    '',
    `Waits for consent: ${printable(question.sentence)}`,
    `  fortfail agent approve ${question.words.join(' ')}`,
  ]);
  return `${[...lines, ...waiting].join('\n')}\n`;
}

function policyLine(policy: HostReport['policy']): string {
  if (policy === null || policy.path === null) return 'built-in, for homes';
  return `${printable(policy.path)}, ${policy.digest.slice(0, 19)}${policy.isOwn ? ', may be changed by the user of the agent' : ''}`;
}

const marks: Readonly<Record<Finding['grade'], string>> = { good: 'ok  ', note: 'note', bad: 'BAD ' };

/** What `doctor` prints, what is wrong first. */
export function findingsText(findings: readonly Finding[]): string {
  const order: readonly Finding['grade'][] = ['bad', 'note', 'good'];
  return order
    .flatMap((grade) => findings.filter((finding) => finding.grade === grade))
    .map(
      ({ grade, what, sentence, hint }) =>
        `${marks[grade]} ${what.padEnd(12)}${printable(sentence)}${hint === null ? '' : `\n                 ${printable(hint)}`}\n`,
    )
    .join('');
}
