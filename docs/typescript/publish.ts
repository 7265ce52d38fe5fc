// Publishes a package, with types made of docs/openapi.json by openapi-typescript. `scripts/descriptions.sh` compiles it.
import type { components, paths } from "./openapi";

type NewPackage = components["schemas"]["NewPackage"];
type Published = paths["/api/packages"]["post"]["responses"][201]["content"]["application/json"];
type Problem = components["schemas"]["Problem"];

/** What the server said no with: a stable `code`, and a sentence for people. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

/** Publishes a package. The same key again is the same package, so a lost answer may be asked for again. */
export async function publish(server: string, token: string, parcel: NewPackage, key: string): Promise<Published> {
  const answer = await fetch(`${server}/api/packages`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      "Idempotency-Key": key,
    },
    body: JSON.stringify(parcel),
  });
  if (!answer.ok) {
    throw new Refused((await answer.json()) as Problem);
  }
  return (await answer.json()) as Published;
}

// Nothing else has to be said.
export const books: NewPackage = {
  from: "Москва",
  to: "Казань",
  description: "Книги, одна коробка",
  reward: 500,
  size: "s",
  weight: "light",
};

// What is not a word of a closed set does not compile.
// @ts-expect-error there is no such size
export const piano: NewPackage = { ...books, size: "xxl" };

/** What the sender reads about a package. */
export function inWords(parcel: components["schemas"]["PackageView"]): string {
  switch (parcel.state) {
    case "template":
      return "a pattern";
    case "open":
      return "waits for a courier";
    case "assigned":
      return "has a courier";
    case "in_transit":
      return "is on its way";
    case "delivered":
      return "was handed over";
    case "confirmed":
      return "has arrived";
    case "cancelled":
      return "was called off";
    default:
      // The compiler knows that all states are above.
      return parcel.state satisfies never;
  }
}
