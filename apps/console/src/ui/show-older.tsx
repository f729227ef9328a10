import { Button } from './button.tsx';

interface ShowOlderProps {
  readonly query: { readonly hasNextPage: boolean; readonly isFetchingNextPage: boolean; readonly fetchNextPage: () => unknown };
  readonly label: string;
}

/** The next page of a list, when there is one. */
export const ShowOlder = ({ query, label }: ShowOlderProps) =>
  query.hasNextPage ? (
    <div className="table-foot">
      <Button small stop={query.isFetchingNextPage ? 'They are being read.' : undefined} onClick={() => void query.fetchNextPage()}>
        {query.isFetchingNextPage ? 'Reading…' : label}
      </Button>
    </div>
  ) : null;
