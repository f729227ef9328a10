/** The variables that make an agent one of the first API, each declared once. */
export const firstApiOptions = [
  { name: 'ORCHESTRATOR_URL', doc: 'The orchestrator whose first API this agent speaks; without it none of the following counts.' },
  { name: 'AGENT_ID', doc: 'Its id there. Default: agent-<process number> of its first start.' },
  { name: 'AGENT_REG_SECRET', doc: 'Registration secret, or the secret of this agent alone (ffl_...).', isSecret: true },
  { name: 'ORCH_JWT', doc: 'A token of the first API made beforehand.', isSecret: true },
  { name: 'BACKUP_DIR', doc: 'What it takes a snapshot of when it starts. Default: /backups.' },
  { name: 'RESTORE_DIR', doc: 'Where snapshots are restored, each into a folder of its own. Default: /restore.' },
  { name: 'POLL_INTERVAL', doc: 'Seconds between two looks for commands. Default: 10.' },
] as const;
