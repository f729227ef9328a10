import type { SignedEvidence } from '@fortfail/protocol';
import { CallError } from '../../api/call.ts';
import { useRouteQuery } from '../../api/queries.ts';
import { saveFile } from '../../render/save-file.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CopyText } from '../../ui/copy-text.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Answer } from '../../ui/states.tsx';
import { evidenceName, signerText, verifyCommand } from '../../view/evidence-views.ts';
import { visibleText } from '../../view/visible-text.ts';

const known = ({ files }: SignedEvidence) => files.filter(({ name }) => evidenceName(name) !== undefined);

/** All signed files of a drill, each with its signature, and the keys that verify them. */
export const saveEvidence = (evidence: SignedEvidence): void => {
  for (const { name, text, signature } of known(evidence)) {
    saveFile(name, text);
    saveFile(`${name}.sig`, signature);
  }
  saveFile('allowed_signers', evidence.allowedSigners);
};

const Files = ({ evidence }: { readonly evidence: SignedEvidence }) => (
  <div className="col gap-4">
    {known(evidence).map((file) => (
      <div key={file.name} className="col">
        <div className="row wrap">
          <code className="wrap-any">{file.name}</code>
          <span className="xs sec">{visibleText(signerText(file))}</span>
          <span className="sp" />
          <span className="row noprint">
            <Button small onClick={() => saveFile(file.name, file.text)}>
              <Icon name="download" />
              Save<span className="vh"> {file.name}</span>
            </Button>
            <Button small onClick={() => saveFile(`${file.name}.sig`, file.signature)}>
              <Icon name="download" />
              Save signature<span className="vh"> of {file.name}</span>
            </Button>
          </span>
        </div>
        <CopyText text={verifyCommand(file)} of={`the command for ${file.name}`} />
      </div>
    ))}
    <div className="row wrap">
      <span className="sec">
        <code>allowed_signers</code> names the keys of this site. Compare it with the roster, which the owner’s key signed, before you
        believe it.
      </span>
      <span className="sp" />
      <span className="noprint">
        <Button small onClick={() => saveFile('allowed_signers', evidence.allowedSigners)}>
          <Icon name="download" />
          Save allowed_signers
        </Button>
      </span>
    </div>
    <pre className="body-text">{evidence.allowedSigners.trim()}</pre>
  </div>
);

/** The signed files of a drill, and how to verify them anywhere with stock tools. */
export const SignedFiles = ({ drillId }: { readonly drillId: string }) => {
  const query = useRouteQuery('getEvidence', { path: { drillId } });
  const isUnsigned = query.error instanceof CallError && query.error.problem?.code === 'no-evidence';
  return (
    <Card title="Signed files" note={isUnsigned ? 'none' : 'verified by stock ssh-keygen'} busy={query.isPending} className="signed">
      {isUnsigned ? (
        <p className="sec">
          This drill ran before the site had a key that signs. Drill the point again to have evidence that others can verify.
        </p>
      ) : (
        <Answer query={query} failed="The signed files could not be read." works="What they say is above." rows={4}>
          {(evidence) => <Files evidence={evidence} />}
        </Answer>
      )}
    </Card>
  );
};
