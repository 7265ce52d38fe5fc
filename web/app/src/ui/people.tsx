// People in lists: their picture, their name, and what others think of them.
import type { ReactNode } from "react";
import { useTexts } from "../texts/index.tsx";
import { CheckIcon } from "./icons.tsx";

/** A person's picture, or their initials. */
export function Avatar({ name, url }: { name: string; url: string }) {
  if (url) return <img className="avatar" src={url} alt="" width={44} height={44} loading="lazy" />;
  const initials = name
    .split(/\s+/)
    .slice(0, 2)
    .map(word => [...word][0] ?? "")
    .join("");
  return (
    <span className="avatar" aria-hidden="true">
      {initials}
    </span>
  );
}

/** A courier or sender in one line: picture, name, what others think, and what stands at the end of it. */
export function PersonRow({
  name,
  url,
  isVerified,
  about,
  end,
}: {
  name: ReactNode;
  url: string;
  isVerified?: boolean;
  about: ReactNode;
  end?: ReactNode;
}) {
  return (
    <div className="row">
      <Avatar name={typeof name === "string" ? name : ""} url={url} />
      <div className="grow stack tight">
        <span className="strong">
          {name} {isVerified && <Verified />}
        </span>
        <span className="dim small">{about}</span>
      </div>
      {end}
    </div>
  );
}

/** The mark of anybody who has shown who they are. */
export function Verified() {
  const { t } = useTexts();
  return (
    <span className="verified">
      <CheckIcon />
      <span className="hidden">{t.verified}</span>
    </span>
  );
}

export function Stars({ value }: { value: number }) {
  const { number } = useTexts();
  if (value === 0) return null;
  return (
    <span className="numeric">
      <span aria-hidden="true" className="stars" style={{ display: "inline" }}>
        <span className="on">★</span>
      </span>{" "}
      {number(value)}
    </span>
  );
}

/** What others think of a person, in few words. */
export function Reputation({ rating, reviews, deals }: { rating: number; reviews: number; deals: number }) {
  const { t } = useTexts();
  return (
    <>
      {reviews > 0 ? (
        <>
          <Stars value={rating} /> · {t.reviews(reviews)}
        </>
      ) : (
        t.noReviews
      )}
      {deals > 0 && ` · ${t.deals(deals)}`}
    </>
  );
}
