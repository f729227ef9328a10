import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import type { SignedEvidence } from '@fortfail/protocol';
import { clientCall } from '../client/client-call.ts';
import { writeNewFile } from '../client/write-new-file.ts';
import { exitOk } from '../exit.ts';
import type { drillEvidenceOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `drill evidence`: writes a drill's signed files into a folder, and says how stock tools verify them. */
export const perform: Perform<typeof drillEvidenceOptions> = async ({ options, context, args }) => {
  const call = clientCall(options, context);
  const drillId = args[0] ?? '';
  const evidence = await call.client.ask('getEvidence', { params: { drillId }, signal: call.signal });
  const folder = options.out ?? '.';
  await writeEvidence(folder, evidence);
  const commands = evidence.files.map(
    ({ name, signer, namespace }) => `ssh-keygen -Y verify -f allowed_signers -I ${signer} -n ${namespace} -s ${name}.sig < ${name}`,
  );
  const written = evidence.files.flatMap(({ name }) => [name, `${name}.sig`]);
  call.print({ folder, files: [...written, 'allowed_signers'], commands }, () =>
    [`${written.length + 1} files written to ${folder}. To verify them there, anywhere:`, ...commands, ''].join('\n'),
  );
  return exitOk;
};

async function writeEvidence(folder: string, evidence: SignedEvidence): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, text, signature } of evidence.files) {
    // The name is the site's word: it must not lead anywhere else.
    if (!/^(evidence|result)-drl_[0-9a-f]{16}\.json$/.test(name)) {
      throw new FortFailError({
        kind: 'invalid-input',
        code: 'evidence-name',
        message: `unable to write evidence under the name '${name}'`,
      });
    }
    await writeNewFile(join(folder, name), text);
    await writeNewFile(join(folder, `${name}.sig`), signature);
  }
  await writeNewFile(join(folder, 'allowed_signers'), evidence.allowedSigners);
}
