import { CallError } from '../../api/call.ts';
import { ErrorNote } from '../../ui/states.tsx';

/** Why a form was not taken; nothing when it was. A person who closed the passkey window did not make an error. */
export const FormError = ({ title, error }: { readonly title: string; readonly error: unknown }) => {
  if (!error) return null;
  const isPasskeyStop =
    !(error instanceof CallError) && error instanceof Error && (error.name === 'NotAllowedError' || error.name === 'AbortError');
  if (isPasskeyStop)
    return (
      <p className="sec" role="alert">
        No passkey was used. Nothing has changed.
      </p>
    );
  return <ErrorNote title={title} error={error} />;
};
