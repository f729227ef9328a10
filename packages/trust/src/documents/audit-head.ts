/** An audit chain's head at a moment. Sign `headText` of it in the namespace `fortfail-audit-head@v1`. */
export interface HeadFacts {
  readonly chain: string;
  readonly seq: number;
  /** 64 hexadecimal digits. */
  readonly hash: string;
  /** RFC 3339 in UTC. */
  readonly made: string;
  /** Id of the site. */
  readonly site: string;
}

/** The exact JSON that is signed; the same facts always give the same text. */
export function headText({ chain, hash, made, seq, site }: HeadFacts): string {
  return JSON.stringify({ chain, hash, made, seq, site });
}
