/** What a signature is for. One of another namespace is refused, whatever it says. */
export const namespaces = {
  evidence: 'fortfail-evidence@v1',
  auditHead: 'fortfail-audit-head@v1',
  roster: 'fortfail-roster@v1',
  card: 'fortfail-card@v1',
  grant: 'fortfail-grant@v1',
  approval: 'fortfail-approval@v1',
  plan: 'fortfail-plan@v1',
} as const;

export type Namespace = (typeof namespaces)[keyof typeof namespaces];
