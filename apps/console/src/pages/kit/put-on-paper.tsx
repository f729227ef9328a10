import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { call } from '../../api/call.ts';
import { queryClient, routeQuery } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { toast } from '../../api/toasts.ts';
import { saveFile } from '../../render/save-file.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ErrorNote } from '../../ui/states.tsx';
import { typedCharacters } from '../../view/kit-views.ts';
import type { NewKit } from './kit-maker.ts';
import { KitPaper } from './kit-paper.tsx';

/** Publishes the public halves, then tells that the paper was read back. */
const usePublish = (kit: NewKit, onDone: () => void) =>
  useMutation({
    mutationFn: async () => {
      const known = queryClient.getQueryData(routeQuery('getKit').queryKey);
      if (known?.recipient !== kit.draft.recipient)
        queryClient.setQueryData(routeQuery('getKit').queryKey, await call('createKit', { body: kit.draft }));
      return call('confirmKit', { body: kit.confirmation });
    },
    onSuccess: (state) => {
      queryClient.setQueryData(routeQuery('getKit').queryKey, state);
      toast({ tone: 'safe', title: `Recovery kit ${kit.kitId} is confirmed` });
      onDone();
    },
  });

/** The page asks before it is left while the only copy of the key is in it. */
const useLeaveGuard = (isOpen: boolean): void => {
  useEffect(() => {
    if (!isOpen) return;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [isOpen]);
};

const ReadBack = ({ kit, isTaken, onClose }: { readonly kit: NewKit; readonly isTaken: boolean; readonly onClose: () => void }) => {
  const [typed, setTyped] = useState<readonly string[]>(kit.papers.map(() => ''));
  const stop = useVerbStop('edit-kit');
  const publish = usePublish(kit, onClose);
  const wrong = kit.papers.findIndex(({ lastSix }, index) => typedCharacters(typed[index] ?? '') !== lastSix);
  const missing = kit.papers.some((_, index) => typedCharacters(typed[index] ?? '').length < 6);
  const reason = !isTaken
    ? 'Print or save it first.'
    : missing
      ? 'Type six characters.'
      : wrong >= 0
        ? 'These are not the last six characters.'
        : undefined;
  return (
    <form
      className="col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (reason === undefined && stop === undefined && !publish.isPending) publish.mutate();
      }}
    >
      <div className="row wrap read-back">
        {kit.papers.map((paper, index) => (
          <div key={paper.fileName} className="fld">
            <label htmlFor={`last-six-${index}`}>
              Last six characters of {kit.papers.length === 1 ? 'the key' : `share ${index + 1}`}, read from the paper
            </label>
            <input
              id={`last-six-${index}`}
              className="inp mono"
              autoComplete="off"
              spellCheck={false}
              maxLength={16}
              value={typed[index]}
              onChange={(event) => setTyped(typed.map((each, at) => (at === index ? event.target.value : each)))}
            />
          </div>
        ))}
      </div>
      {isTaken && !missing && wrong >= 0 && <p className="lost xs">{reason}</p>}
      {publish.error && (
        <ErrorNote title="The kit was not confirmed." error={publish.error} works="Your paper is still right: try again here." />
      )}
      <div>
        <Button type="submit" kind="primary" stop={stop ?? reason ?? (publish.isPending ? 'It is being published.' : undefined)}>
          Publish and confirm kit {kit.kitId}
        </Button>
      </div>
    </form>
  );
};

interface PutOnPaperProps {
  readonly kit: NewKit;
  readonly onClose: () => void;
}

/** The sheets, the ways to keep them, and the characters that show that somebody has them. Nothing is sent before that. */
export const PutOnPaper = ({ kit, onClose }: PutOnPaperProps) => {
  const [isTaken, setTaken] = useState(false);
  useLeaveGuard(true);
  const printAll = (): void => {
    setTaken(true);
    print();
  };
  const saveAll = (): void => {
    setTaken(true);
    for (const { fileName, text } of kit.papers) saveFile(fileName, text);
  };
  return (
    <>
      <Card
        title={`1. Put kit ${kit.kitId} on paper`}
        note={kit.papers.length > 1 ? 'one sheet for each holder' : 'one sheet'}
        className="noprint"
        action={
          <Button small kind="ghost" onClick={onClose}>
            Throw it away
          </Button>
        }
      >
        <div className="col gap-3">
          <p className="sec">
            This is the only time it is shown. Print it, keep it off-site and away from computers. A saved file is as good as the paper and
            as dangerous: move it to where only you get at it.
          </p>
          <div className="row wrap">
            <Button kind="primary" onClick={printAll}>
              <Icon name="print" />
              Print
            </Button>
            <Button onClick={saveAll}>
              <Icon name="download" />
              Save as text
            </Button>
          </div>
        </div>
      </Card>
      <div className="papers">
        {kit.papers.map((paper) => (
          <KitPaper key={paper.fileName} paper={paper} />
        ))}
      </div>
      <Card title="2. Read it back" note="only then its public halves are sent" className="noprint">
        <ReadBack kit={kit} isTaken={isTaken} onClose={onClose} />
      </Card>
    </>
  );
};
