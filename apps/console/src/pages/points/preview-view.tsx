import type { FilePreview } from '@fortfail/protocol';
import { useQuery } from '@tanstack/react-query';
import { type Keeper, lookQuery } from '../../api/browse.ts';
import { count, size } from '../../format/quantity.ts';
import { useFragmentState } from '../../render/use-fragment-state.ts';
import { bytesOf, hexLines, imageType, previewKind, shownLines, textOf } from '../../view/preview-kind.ts';
import { visibleText } from '../../view/visible-text.ts';
import { LookState } from './look-state.tsx';

/** Read of a file for a look, in bytes. */
export const PREVIEW_BYTES = 65_536;
const MOST_LINES = 1000;

const TextLines = ({ text, name }: { readonly text: string; readonly name: string }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keys.
  <section className="bytes" tabIndex={0} aria-label={`Text of ${name}`}>
    <pre>{shownLines(text, MOST_LINES).join('\n')}</pre>
  </section>
);

const HexLines = ({ bytes, name }: { readonly bytes: Uint8Array; readonly name: string }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keys.
  <section className="bytes" tabIndex={0} aria-label={`Bytes of ${name}`}>
    <pre>
      {hexLines(bytes, MOST_LINES)
        .map(({ at, hex, text }) => `${at}  ${hex.padEnd(49)}  ${text}`)
        .join('\n')}
    </pre>
  </section>
);

const Shown = ({ preview, name }: { readonly preview: FilePreview; readonly name: string }) => {
  const [fragment, setFragment] = useFragmentState();
  const bytes = bytesOf(preview.bytes);
  const kind = previewKind(bytes, preview.isCut);
  const isHex = fragment.get('as') === 'hex' || kind === 'bytes';
  return (
    <>
      <p className="row wrap xs sec">
        <span>
          {kind === 'empty'
            ? 'The file is empty.'
            : preview.isCut
              ? `The first ${size(bytes.length)} of ${size(preview.size)}.`
              : `All ${count(bytes.length)} bytes.`}
        </span>
        <span className="sp" />
        {(kind === 'text' || kind === 'image') && (
          <button type="button" className="lk xs" aria-pressed={isHex} onClick={() => setFragment({ as: isHex ? undefined : 'hex' })}>
            {isHex ? (kind === 'text' ? 'As text' : 'As a picture') : 'As bytes'}
          </button>
        )}
      </p>
      {kind === 'empty' ? null : isHex ? (
        <HexLines bytes={bytes} name={name} />
      ) : kind === 'image' ? (
        <img className="picture" alt={name} src={`data:${imageType(bytes)};base64,${preview.bytes}`} />
      ) : (
        <TextLines text={textOf(bytes, preview.isCut) ?? ''} name={name} />
      )}
    </>
  );
};

/** The first bytes of a file as text, a picture or bytes: by what they are, not by its name. */
export const PreviewView = ({
  keeper,
  pointId,
  path,
  name,
}: {
  readonly keeper: Keeper | undefined;
  readonly pointId: string;
  readonly path: string;
  readonly name: string;
}) => {
  const query = useQuery(lookQuery<'preview'>(keeper, pointId, { ask: 'preview', path, bytes: PREVIEW_BYTES }));
  return (
    <LookState query={query} keeper={keeper} failed="This file could not be read." rows={4}>
      {(preview) => <Shown preview={preview} name={visibleText(name)} />}
    </LookState>
  );
};
