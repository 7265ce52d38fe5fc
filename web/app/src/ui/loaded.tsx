// The states of what is read from the server, told in the same way on every screen: loading, failed, empty, there.
import type { ReactNode } from "react";
import { Failed } from "./feedback.tsx";
import { Skeletons } from "./marks.tsx";

/** A read, as the query library tells it. */
export interface Read<T> {
  data: T | undefined;
  isPending: boolean;
  isError: boolean;
  error: unknown;
  refetch: () => unknown;
}

interface LoadedProps<T> {
  read: Read<T>;
  /** How many cards its skeleton has. */
  skeletons?: number;
  children: (data: T) => ReactNode;
}

/** What was read, once it is there; what is old is shown rather than a failure to renew it. */
export function Loaded<T>({ read, skeletons, children }: LoadedProps<T>) {
  if (read.data !== undefined) return children(read.data);
  if (read.isPending) return <Skeletons count={skeletons} />;
  return <Failed error={read.error} onAgain={() => void read.refetch()} />;
}

interface ListProps<T extends { id: string }> {
  read: Read<readonly T[]>;
  /** Said when there is nothing. */
  empty: ReactNode;
  children: (item: T) => ReactNode;
}

/** A list of things, or what to do while there are none. */
export function LoadedList<T extends { id: string }>({ read, empty, children }: ListProps<T>) {
  return (
    <Loaded read={read}>
      {items =>
        items.length === 0 ? (
          empty
        ) : (
          <ul className="stack">
            {items.map(item => (
              <li key={item.id}>{children(item)}</li>
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}
