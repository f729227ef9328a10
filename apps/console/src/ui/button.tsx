import type { ReactNode } from 'react';
import { useId } from 'react';
import { Link } from 'wouter';

interface ButtonProps {
  readonly children: ReactNode;
  readonly onClick?: () => void;
  readonly kind?: 'plain' | 'primary' | 'ghost' | 'danger';
  readonly small?: boolean;
  readonly type?: 'button' | 'submit';
  /** Why it cannot be used now. The verb stays in its place, and says so. */
  readonly stop?: string | undefined;
  readonly autoFocus?: boolean;
}

const classes = (kind: ButtonProps['kind'], small: boolean | undefined): string =>
  `btn${kind === 'primary' ? ' pri' : kind === 'ghost' ? ' ghost' : kind === 'danger' ? ' danger' : ''}${small ? ' sm' : ''}`;

/** A verb. When it cannot act it stays focusable and tells its reason. */
export const Button = ({ children, onClick, kind = 'plain', small, type = 'button', stop, autoFocus }: ButtonProps) => {
  const reason = useId();
  return (
    <>
      <button
        type={type}
        className={classes(kind, small)}
        aria-disabled={stop ? true : undefined}
        aria-describedby={stop ? reason : undefined}
        title={stop}
        data-autofocus={autoFocus ? '' : undefined}
        onClick={(event) => {
          if (!stop) return onClick?.();
          event.preventDefault();
        }}
      >
        {children}
      </button>
      {stop && (
        <span id={reason} className="vh">
          {stop}
        </span>
      )}
    </>
  );
};

/** A verb that leads to another page. */
export const ButtonLink = ({
  href,
  children,
  kind = 'plain',
  small,
}: { readonly href: string } & Pick<ButtonProps, 'children' | 'kind' | 'small'>) => (
  <Link href={href} className={classes(kind, small)}>
    {children}
  </Link>
);
