import { FortFailError } from '@fortfail/base';

export type Fields = Readonly<Record<string, unknown>>;

/** Reads the fields of a stored JSON document; what is absent gets its zero value, what has another form is `damaged`. */
export class DocumentFields {
  readonly #what: string;
  readonly fields: Fields;

  /** `what` names the document in errors: "snapshot 'ab12...'". Throws `damaged` when the bytes are no JSON object. */
  constructor(what: string, bytes: Uint8Array) {
    this.#what = what;
    this.fields = parseObject(what, bytes);
  }

  text(key: string): string {
    return this.optionalText(key) ?? '';
  }

  optionalText(key: string): string | undefined {
    const value = this.fields[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value;
    throw this.fault(`${key} is not a text`);
  }

  texts(key: string): readonly string[] {
    const value = this.fields[key] ?? [];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw this.fault(`${key} is not a list of texts`);
  }

  count(key: string): number {
    const value = this.fields[key] ?? 0;
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw this.fault(`${key} is not a number`);
  }

  flag(key: string): boolean {
    const value = this.fields[key] ?? false;
    if (typeof value === 'boolean') return value;
    throw this.fault(`${key} is neither true nor false`);
  }

  object(key: string): Fields | undefined {
    const value = this.fields[key];
    if (value === undefined || value === null) return undefined;
    if (isFields(value)) return value;
    throw this.fault(`${key} is not an object`);
  }

  id(key: string): string {
    const id = this.optionalId(key);
    if (id === undefined) throw this.fault(`${key} is missing`);
    return id;
  }

  optionalId(key: string): string | undefined {
    const value = this.optionalText(key);
    if (value === undefined || value === '') return undefined;
    if (isId(value)) return value;
    throw this.fault(`${key} is not an id`);
  }

  fault(reason: string): FortFailError {
    return new FortFailError({ kind: 'damaged', code: 'document', message: `unable to read ${this.#what}, ${reason}` });
  }
}

/** True for 64 lower-case hexadecimal digits. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseObject(what: string, bytes: Uint8Array): Fields {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    throw new FortFailError({ kind: 'damaged', code: 'document', message: `unable to read ${what}, it is not JSON`, cause: error });
  }
  if (isFields(value)) return value;
  throw new FortFailError({ kind: 'damaged', code: 'document', message: `unable to read ${what}, it is not a JSON object` });
}
