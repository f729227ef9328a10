const labels = ['Choose', 'Proposal', 'Confirm', 'Restoring', 'Result'] as const;

export type Step = 0 | 1 | 2 | 3 | 4;

/** Where one is on the way from choosing to the measured result. */
export const Steps = ({ at }: { readonly at: Step }) => (
  <ol className="steps" aria-label="Steps">
    {labels.map((label, index) => (
      <li key={label} className={index < at ? 'done' : ''} aria-current={index === at ? 'step' : undefined}>
        <span className="n" aria-hidden="true">
          {index < at ? '✓' : index + 1}
        </span>
        {label}
        {index < at && <span className="vh"> (done)</span>}
      </li>
    ))}
  </ol>
);
