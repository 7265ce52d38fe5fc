// Packages whose senders choose their courier: those on one's own way, and the answer to one of them.
import { type components, dataOf } from "@peerpack/client";
import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useClient, useCommandAbout, useGive, useLive, useUser } from "../../live/index.tsx";
import { useHighlightTexts } from "../../texts/highlight.ts";
import { useTexts } from "../../texts/index.tsx";
import {
  Button,
  CommandNote,
  Failed,
  LinkButton,
  Note,
  PersonRow,
  Pill,
  Skeletons,
  Stars,
  TextField,
  useAttempt,
  useSay,
  Way,
} from "../../ui/index.ts";

type Parcel = components["schemas"]["FoundPackage"];

/** Of which way packages are wanted: of a trip, between two places, or of all one's trips. */
export interface ParcelsProps {
  tripId?: string;
  from?: string;
  to?: string;
  /** Said when there is nothing; nothing at all is shown without it. */
  empty?: ReactNode;
  title?: string;
}

export default function Parcels({ tripId, from, to, empty, title }: ParcelsProps) {
  const { t } = useTexts();
  const { api } = useClient();
  const user = useUser();
  const version = useLive(({ state }) => `${state?.versions.trips}.${state?.versions.notifications}`);
  const found = useInfiniteQuery({
    // What is told of trips and requests changes what suits; nobody is told of the packages of others.
    queryKey: ["parcels", user?.id, tripId, from, to, version],
    initialPageParam: "",
    queryFn: async ({ pageParam }) =>
      dataOf(
        await api.GET("/api/packages", {
          params: {
            query: {
              ...(tripId ? { trip_id: tripId } : {}),
              ...(from ? { from_id: from } : {}),
              ...(to ? { to_id: to } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
        }),
      ),
    getNextPageParam: page => page.next_cursor ?? undefined,
    placeholderData: before => before,
  });
  const parcels = found.data?.pages.flatMap(page => page.packages) ?? [];
  if (found.isPending) return empty ? <Skeletons count={2} /> : null;
  if (found.isError && parcels.length === 0)
    return empty ? <Failed error={found.error} onAgain={() => void found.refetch()} /> : null;
  if (parcels.length === 0) return empty ?? null;
  return (
    <section className="stack">
      {title && <h2>{title}</h2>}
      {parcels.map(parcel => (
        <ParcelCard key={parcel.id} parcel={parcel} tripId={tripId ?? parcel.trip_id ?? undefined} />
      ))}
      {found.hasNextPage && (
        <Button kind="plain" isBusy={found.isFetchingNextPage} onPress={() => void found.fetchNextPage()}>
          {t.more}
        </Button>
      )}
    </section>
  );
}

function ParcelCard({ parcel, tripId }: { parcel: Parcel; tripId: string | undefined }) {
  const { t, money, place, when } = useTexts();
  const [isOpen, setIsOpen] = useState(false);
  const { mark } = useHighlightTexts();
  const sent = useCommandAbout(parcel.id, "package.respond");
  const { pickup, dropoff } = parcel;
  return (
    <article className="card" aria-label={parcel.description}>
      <div className="row top">
        <h3 className="grow">{parcel.description}</h3>
        <span className="price">{money(parcel.reward)}</span>
      </div>
      <Way
        points={[
          { title: place(pickup ?? parcel.from_place), detail: pickup && when(pickup.at, pickup.tz) },
          {
            title: place(dropoff ?? parcel.to_place),
            detail: dropoff
              ? when(dropoff.at, dropoff.tz)
              : t.parcels.until(when(parcel.deliver_by, parcel.to_tz)),
          },
        ]}
      />
      <div className="row wrap">
        {parcel.highlighted_until && <Pill tone="accent">{mark}</Pill>}
        {parcel.detour_min != null && <Pill tone="accent">{t.parcels.detour(parcel.detour_min)}</Pill>}
        <Pill>{t.size[parcel.size]}</Pill>
        <Pill>{t.weight[parcel.weight]}</Pill>
      </div>
      <PersonRow
        name={parcel.sender_name}
        url={parcel.sender_avatar}
        isVerified={parcel.sender_verified}
        about={parcel.sender_rating > 0 ? <Stars value={parcel.sender_rating} /> : t.noReviews}
      />
      {sent?.state === "done" ? (
        <Note tone="good">{t.parcels.sent}</Note>
      ) : isOpen ? (
        <Answer parcel={parcel} tripId={tripId} onClose={() => setIsOpen(false)} />
      ) : (
        <Button isWide onPress={() => setIsOpen(true)}>
          {t.parcels.respond}
        </Button>
      )}
    </article>
  );
}

/** A price and a few words to the sender. */
function Answer({
  parcel,
  tripId,
  onClose,
}: {
  parcel: Parcel;
  tripId: string | undefined;
  onClose: () => void;
}) {
  const { t } = useTexts();
  const { outbox } = useClient();
  const give = useGive();
  const say = useSay();
  const { attempt, isBusy, fields } = useAttempt();
  const command = useCommandAbout(parcel.id, "package.respond");
  const [price, setPrice] = useState(String(parcel.reward));
  const [comment, setComment] = useState("");
  if (!tripId) {
    return (
      <div className="stack">
        <Note>{t.parcels.needsTrip}</Note>
        <LinkButton to="/new/trip">{t.start.newTrip}</LinkButton>
      </div>
    );
  }
  const send = () =>
    attempt(async () => {
      await give({
        kind: "package.respond",
        subject: parcel.id,
        method: "POST",
        path: `/api/packages/${parcel.id}/responses`,
        body: { trip_id: tripId, price: Number(price), comment: comment.trim() },
      });
      say(t.parcels.sent, "good");
    });
  return (
    <div className="stack">
      <TextField
        label={t.parcels.price}
        value={price}
        onChange={next => setPrice(next.replace(/\D/g, ""))}
        error={fields.price}
        inputMode="numeric"
        maxLength={7}
      />
      <TextField
        label={`${t.parcels.comment}, ${t.optional}`}
        value={comment}
        onChange={setComment}
        error={fields.comment}
        maxLength={2_000}
      />
      <CommandNote command={command} onAgain={() => outbox.resume()} />
      <div className="row answers">
        <Button kind="plain" onPress={onClose}>
          {t.cancel}
        </Button>
        <Button isBusy={isBusy} isDisabled={!Number(price)} onPress={() => void send()}>
          {t.parcels.send}
        </Button>
      </div>
    </div>
  );
}
