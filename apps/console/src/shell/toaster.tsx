import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { dismissToast, type Toast, useToasts } from '../api/toasts.ts';
import { after } from '../render/clock.ts';
import { Glyph } from '../ui/status.tsx';

const ToastBox = ({ toast }: { readonly toast: Toast }) => {
  const [isHeld, hold] = useState(false);
  useEffect(() => (isHeld ? undefined : after(8000, () => dismissToast(toast.id))), [isHeld, toast.id]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hovering only keeps it in sight, everything it offers is a link.
    <div
      className="toast"
      onMouseEnter={() => hold(true)}
      onMouseLeave={() => hold(false)}
      onFocus={() => hold(true)}
      onBlur={() => hold(false)}
    >
      <Glyph tone={toast.tone} />
      <div className="note-body">
        <b className="m">{toast.title}</b>
        {toast.detail && <p className="xs sec">{toast.detail}</p>}
      </div>
      <span className="sp" />
      {toast.link && (
        <Link className="lk" href={toast.link.href} onClick={() => dismissToast(toast.id)}>
          {toast.link.label}
        </Link>
      )}
    </div>
  );
};

/** What just happened, at the corner, spoken once. */
export const Toaster = () => {
  const toasts = useToasts();
  return (
    <div className="toasts" role="status" aria-label="What just happened">
      {toasts.map((toast) => (
        <ToastBox key={toast.id} toast={toast} />
      ))}
    </div>
  );
};
