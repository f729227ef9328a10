/** Six words of a host's keys, large enough to be read out to somebody at that host. */
export const SixWords = ({ words }: { readonly words: readonly string[] }) => (
  <p className="six-words">
    <span className="vh">Six words: </span>
    {words.map((word, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a word may come twice, and they never move.
      <code key={`${index} ${word}`}>{word} </code>
    ))}
  </p>
);
