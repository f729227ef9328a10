import { FortFailError } from '@fortfail/base';
import type { SignedEvidence } from '@fortfail/protocol';
import { formatAllowedSigners, namespaces, parseSshPublicKey } from '@fortfail/trust';
import type { Reader } from '../database/database.ts';
import { siteAllowedSigners, siteSigner } from '../keys/signers.ts';

/** The signed files of a drill, with the keys that verify them. Throws `not-found` for drills from before there were keys. */
export async function readEvidence(reader: Reader, drillId: string): Promise<SignedEvidence> {
  const rows = await reader.selectFrom('evidence_file').selectAll().where('drill_id', '=', drillId).orderBy('name').execute();
  if (rows.length === 0) {
    throw new FortFailError({
      kind: 'not-found',
      code: 'no-evidence',
      message: `unable to find signed evidence of drill '${drillId}'`,
      hint: 'It ran before this site had a key; drill the point again.',
    });
  }
  const runners = rows.filter(({ signer }) => signer !== siteSigner);
  const allowed = formatAllowedSigners(
    runners.map((row) => ({ principal: row.signer, key: parseSshPublicKey(row.signer_line), namespaces: [namespaces.evidence] })),
  );
  return {
    files: rows.map(({ name, text, namespace, signer, signature }) => ({ name, text, namespace, signer, signature })),
    allowedSigners: `${await siteAllowedSigners(reader)}${allowed}`,
  };
}
