import type { Drill, EvidenceFile } from '@fortfail/protocol';
import { duration, measured } from '../format/duration.ts';
import { counted, size } from '../format/quantity.ts';

/** Names that signed files may have: the site's word must not choose where a file goes. */
export const evidenceName = (name: string): string | undefined =>
  /^(evidence|result)-drl_[0-9a-f]{16}\.json$/.test(name) ? name : undefined;

const word = (text: string): string => (/^[\w@.:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** How anybody verifies a file beside its signature and `allowed_signers`, without us. */
export const verifyCommand = ({ name, signer, namespace }: Pick<EvidenceFile, 'name' | 'signer' | 'namespace'>): string =>
  `ssh-keygen -Y verify -f allowed_signers -I ${word(signer)} -n ${word(namespace)} -s ${word(`${name}.sig`)} < ${word(name)}`;

/** Who signed a file, in words. */
export const signerText = ({ signer }: Pick<EvidenceFile, 'signer'>): string =>
  signer === 'evidence' ? 'signed by this site' : `signed by the agent that restored, ${signer}`;

/** The answer of the page: came back or not, in what time against what promise. */
export const drillTitle = ({ planName, outcome, rtoSeconds, promisedRtoSeconds }: Drill): string => {
  if (outcome === 'failed') return `${planName} did not come back as it was`;
  const took = `${planName} came back in ${measured(rtoSeconds)}`;
  return rtoSeconds > promisedRtoSeconds ? `${took}, promised in ${duration(promisedRtoSeconds)}` : took;
};

/** What the figures prove, in one sentence that promises no more. */
export const provenText = ({ outcome, comparedEntries, comparedBytes, bytes, differenceCount }: Drill): string => {
  const share = comparedBytes >= bytes ? 'every byte' : `${size(comparedBytes)} of ${size(bytes)}`;
  const found = differenceCount === 0 ? 'no difference' : counted(differenceCount, 'difference');
  return outcome === 'passed'
    ? `This point was restored in full beside what serves. ${counted(comparedEntries, 'entry', 'entries')} and ${share} were compared, with ${found}.`
    : `${counted(comparedEntries, 'entry', 'entries')} and ${share} were compared, with ${found}.`;
};
