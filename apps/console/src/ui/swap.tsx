interface SwapProps {
  readonly isTable: boolean;
  readonly onSwap: (isTable: boolean) => void;
  readonly of: string;
}

/** Swaps a chart for its figures and back. */
export const Swap = ({ isTable, onSwap, of }: SwapProps) => (
  <button type="button" className="lk xs" onClick={() => onSwap(!isTable)}>
    {isTable ? 'Chart' : 'Table'}
    <span className="vh"> of {of}</span>
  </button>
);
