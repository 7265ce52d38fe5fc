// The screens that nobody starts with: a second part of the frame, which comes after the first one.

import { useEffect } from "react";
import { Route, Switch, useLocation } from "wouter";
import { type Load, later } from "./later.ts";

const loads: Load[] = [];
const NotificationsScreen = later(loads, () => import("./features/notifications/NotificationsScreen.tsx"));
const NewTripScreen = later(loads, () => import("./features/trips/NewTripScreen.tsx"));
const ParcelsScreen = later(loads, () => import("./features/parcels/ParcelsScreen.tsx"));
const DeliveryScreen = later(loads, () => import("./features/deliveries/DeliveryScreen.tsx"));
const ChatsScreen = later(loads, () => import("./features/talk/ChatsScreen.tsx"));
const ChatScreen = later(loads, () => import("./features/talk/ChatScreen.tsx"));
const BoardScreen = later(loads, () => import("./features/board/BoardScreen.tsx"));
const TownScreen = later(loads, () => import("./features/dispatch/TownScreen.tsx"));
const RideScreen = later(loads, () => import("./features/dispatch/RideScreen.tsx"));

/** Loads all of them. */
export function loadMore(): Promise<unknown> {
  return Promise.all(loads.map(load => load().catch(() => undefined)));
}

export default function More() {
  return (
    <Switch>
      <Route path="/notifications" component={NotificationsScreen} />
      <Route path="/new/trip" component={NewTripScreen} />
      <Route path="/parcels" component={ParcelsScreen} />
      <Route path="/deal/:trip/:request">
        {({ trip, request }) => <DeliveryScreen tripId={trip} requestId={request} />}
      </Route>
      <Route path="/chats" component={ChatsScreen} />
      <Route path="/chat/:id">{({ id }) => <ChatScreen key={id} id={id} />}</Route>
      <Route path="/board" component={BoardScreen} />
      <Route path="/town">
        <TownScreen side="ride" />
      </Route>
      <Route path="/town/duty">
        <TownScreen side="duty" />
      </Route>
      <Route path="/town/ride/:id">{({ id }) => <RideScreen key={id} id={id} />}</Route>
      <Route>
        <Home />
      </Route>
    </Switch>
  );
}

/** An address that is no screen leads to the first one. */
function Home() {
  const [, go] = useLocation();
  useEffect(() => go("/", { replace: true }), [go]);
  return null;
}
