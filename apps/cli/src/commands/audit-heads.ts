import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditHead } from '@fortfail/protocol';
import { clientCall } from '../client/client-call.ts';
import { writeNewFile } from '../client/write-new-file.ts';
import { exitOk } from '../exit.ts';
import { renderTable } from '../render/table.ts';
import type { auditHeadsOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `audit heads`: the newest signed heads of the audit chains; with `--out` as files that `ssh-keygen` verifies. */
export const perform: Perform<typeof auditHeadsOptions> = async ({ options, context }) => {
  const call = clientCall(options, context);
  const { items } = await call.client.ask('listAuditHeads', { query: { limit: options.limit ?? 20 }, signal: call.signal });
  if (options.out !== undefined) {
    const { allowedSigners } = await call.client.ask('listAuditWitnesses', { signal: call.signal });
    await mkdir(options.out, { recursive: true });
    for (const { chain, seq, signed } of items) {
      const name = `head-${chain === 'main' ? 'main' : 'access'}-${seq}.json`;
      await writeNewFile(join(options.out, name), signed.text);
      await writeNewFile(join(options.out, `${name}.sig`), signed.signature);
    }
    await writeNewFile(join(options.out, 'allowed_signers'), allowedSigners);
  }
  call.print(items, () =>
    renderTable<AuditHead>(
      [
        { title: 'Chain', cell: ({ chain }) => chain },
        { title: 'Record', cell: ({ seq }) => String(seq) },
        { title: 'Signed at', cell: ({ made }) => made },
        { title: 'Hash', cell: ({ hash }) => hash },
      ],
      items,
      options.out === undefined
        ? []
        : [
            `Written to ${options.out}. To verify one there:`,
            'ssh-keygen -Y verify -f allowed_signers -I evidence -n fortfail-audit-head@v1 -s head-main-N.json.sig < head-main-N.json',
          ],
    ),
  );
  return exitOk;
};
