/** What an alert or a record is about. */
export interface ObjectReference {
  readonly kind: string;
  readonly id: string;
}

const pages: Readonly<Record<string, (id: string) => string>> = {
  plan: (id) => `/plans/${id}`,
  agent: (id) => `/agents/${id}`,
  job: (id) => `/jobs/${id}`,
  drill: (id) => `/drills/${id}`,
  restore: (id) => `/restores/${id}`,
  'restore-point': (id) => `/points/${id}/files`,
  alert: () => '/alerts',
  kit: () => '/kit',
  person: () => '/persons',
  token: () => '/persons',
  audit: () => '/audit',
};

/** The page of an object; undefined for what has none. */
export const objectAddress = ({ kind, id }: ObjectReference): string | undefined => pages[kind]?.(encodeURIComponent(id));

const words: Readonly<Record<string, string>> = { 'restore-point': 'restore point', kit: 'recovery kit', token: 'API token' };

/** What people call that kind of thing. */
export const objectWord = (kind: string): string => words[kind] ?? kind.replaceAll('-', ' ');
