/** Values that stood in examples and that everybody knows. */
const known: ReadonlySet<string> = new Set([
  'minioadmin',
  'minio',
  'changeme',
  'change-me',
  'change_me',
  'secret',
  'password',
  'admin',
  'test',
]);

/** Whether a secret is one that everybody knows. */
export function isPlaceholder(value: string): boolean {
  const text = value.trim().toLowerCase();
  return text === '' || known.has(text) || /change[-_ ]?(me|in[-_ ]?production)|^dev-.*-secret|^your[-_]/.test(text);
}
