import { list, type OptionSpec, values } from './option.ts';
import { tagList } from './value-parsers.ts';

/** restic's filters that pick snapshots; `when` says when they count. */
export function snapshotFilter(when = ''): {
  readonly host: OptionSpec<readonly string[]>;
  readonly tag: OptionSpec<readonly (readonly string[])[]>;
  readonly path: OptionSpec<readonly string[]>;
} {
  return {
    host: list('-H, --host <host>', `only snapshots of this host${when} (repeatable; default: $RESTIC_HOST; '' for all hosts)`),
    tag: values('--tag <tag[,tag...]>', `only snapshots with all these tags${when} (repeatable)`, tagList),
    path: list('--path <path>', `only snapshots of this absolute path${when} (repeatable; all must be there)`),
  };
}
