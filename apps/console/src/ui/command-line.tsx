import { Icon } from './icon.tsx';

/** The same thing for the terminal, at the end of each page. */
export const CommandLine = ({ command }: { readonly command: string }) => (
  <p className="cli">
    <Icon name="jobs" />
    <span>The same in the terminal</span>
    <code>{command}</code>
  </p>
);
