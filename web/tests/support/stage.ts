// A market in the middle of its day, so that every screen has something to show.
import { expect, type Phone, type Route } from "./index.ts";
import type { Words } from "./words.ts";

/** Addresses of what was made. */
export interface Stage {
  openPackage: string;
  chosenPackage: string;
  deal: { packageId: string; tripId: string; requestId: string };
  tripId: string;
}

/** A sender with three packages and a courier who carries one of them, has responded to another, and is offered a third. */
export async function stage(anna: Phone, ivan: Phone, words: Words, route: Route): Promise<Stage> {
  const way = route.ru;
  const tripId = await ivan.account.publishTrip(way);
  const carried = await anna.account.publishPackage(way, {
    description: words.books,
    reward: 900,
    hand_over_codes: true,
  });
  const requestId = await offered(ivan, carried);
  await ivan.account.call("PUT", `/api/package-requests/${requestId}/accept`);
  const chosenPackage = await anna.account.publishPackage(way, {
    description: words.guitar,
    reward: 4_000,
    mode: "choose",
  });
  await ivan.account.call("POST", `/api/packages/${chosenPackage}/responses`, {
    trip_id: tripId,
    price: 3_500,
    comment: words.comment,
  });
  await anna.account.publishPackage(way, { description: words.skates, reward: 2_500, mode: "choose" });
  const openPackage = await anna.account.publishPackage(way, { description: words.toys, reward: 1_500 });
  await offered(ivan, openPackage);
  return { openPackage, chosenPackage, deal: { packageId: carried, tripId, requestId }, tripId };
}

/** The offer of a package, as soon as it has reached its courier. */
async function offered(courier: Phone, packageId: string): Promise<string> {
  let found: string | undefined;
  await expect
    .poll(async () => {
      const { offers } = await courier.account.call<{
        offers: { request_id: string; package: { id: string } }[];
      }>("GET", "/api/sync");
      found = offers.find(one => one.package.id === packageId)?.request_id;
      return found;
    })
    .toBeDefined();
  return found ?? "";
}
