// Generated from the description in docs/. Do not edit; `npm run generate` writes it.

/**
 * This interface was referenced by `PeerPackRealtimeMessagesSubprotocolPeerpackV1`'s JSON-Schema
 * via the `definition` "client".
 */
export type Client =
  | {
      cmd_id?: Uuid;
      data?: {};
      type: "ping";
    }
  | {
      cmd_id?: Uuid;
      data: {
        epoch: number;
        last_seq: number;
      };
      type: "resume";
    }
  | {
      cmd_id?: Uuid;
      data: {
        request_id: Uuid;
      };
      type: "offer.rendered";
    }
  | {
      cmd_id?: Uuid;
      data: {
        lat: number;
        lon: number;
      };
      type: "location";
    }
  | {
      cmd_id?: Uuid;
      data: {
        package_id?: Uuid;
        trip_id?: Uuid;
      };
      type: "subscribe";
    }
  | {
      cmd_id?: Uuid;
      data: {
        package_id?: Uuid;
        trip_id?: Uuid;
      };
      type: "unsubscribe";
    }
  | {
      cmd_id: Uuid;
      data: {
        reason?: string | null;
        request_id: Uuid;
      };
      type: "offer.decline";
    }
  | {
      cmd_id: Uuid;
      data: {
        reason?: string | null;
        request_id: Uuid;
      };
      type: "request.decline";
    }
  | {
      cmd_id: Uuid;
      data: {
        request_id: Uuid;
      };
      type: "offer.accept";
    }
  | {
      cmd_id: Uuid;
      data: {
        request_id: Uuid;
      };
      type: "request.accept";
    }
  | {
      cmd_id: Uuid;
      data: {
        request_id: Uuid;
      };
      type: "request.pick_up";
    }
  | {
      cmd_id: Uuid;
      data: {
        request_id: Uuid;
      };
      type: "request.deliver";
    }
  | {
      cmd_id: Uuid;
      data: {
        request_id: Uuid;
      };
      type: "request.confirm";
    }
  | {
      cmd_id: Uuid;
      data: {
        request_id: Uuid;
      };
      type: "request.cancel";
    }
  | {
      cmd_id: Uuid;
      data: {
        request_id: Uuid;
      };
      type: "request.withdraw";
    };
/**
 * This interface was referenced by `PeerPackRealtimeMessagesSubprotocolPeerpackV1`'s JSON-Schema
 * via the `definition` "uuid".
 */
export type Uuid = string;
/**
 * This interface was referenced by `PeerPackRealtimeMessagesSubprotocolPeerpackV1`'s JSON-Schema
 * via the `definition` "instant".
 */
export type Instant = string;
/**
 * This interface was referenced by `PeerPackRealtimeMessagesSubprotocolPeerpackV1`'s JSON-Schema
 * via the `definition` "server".
 */
export type Server =
  | {
      data: {
        epoch: number;
        limits: {
          burst: number;
          frame_bytes: number;
          message_bytes: number;
          messages_per_minute: number;
          resume_events: number;
        };
        ping_s: number;
        server_time: Instant;
        session_id?: string;
        top: number;
      };
      type: "hello";
    }
  | {
      cmd_id: Uuid | null;
      code?: string;
      data?: unknown;
      message?: string;
      status: "ok" | "error";
      type: "ack";
    }
  | {
      data: {
        server_time: Instant;
      };
      type: "pong";
    }
  | {
      data: {
        count?: number;
        reason?: "epoch_changed" | "too_old" | "too_many" | "future_seq";
        recovered: boolean;
        top: number;
      };
      type: "resumed";
    }
  | {
      data: {
        degraded: boolean;
      };
      type: "degraded";
    }
  | {
      data: {
        retry_after_ms: number;
      };
      type: "reconnect";
    }
  | {
      data: {
        at: Instant;
        lat: number;
        lon: number;
        trip_id: Uuid;
      };
      type: "trip.location";
    }
  | {
      at: Instant;
      data: Offer;
      seq: number;
      type: "offer.new";
    }
  | {
      at: Instant;
      data: OfferEnd;
      seq: number;
      type: "offer.revoked";
    }
  | {
      at: Instant;
      data: OfferEnd;
      seq: number;
      type: "offer.expired";
    }
  | {
      at: Instant;
      data: {
        package_id: Uuid;
        state: string;
        version: number;
      };
      seq: number;
      type: "package.updated";
    }
  | {
      at: Instant;
      data: {
        state: string;
        trip_id: Uuid;
        version: number;
      };
      seq: number;
      type: "trip.updated";
    }
  | {
      at: Instant;
      data: {
        courier_id: Uuid;
        departs_at: Instant;
        from: Place;
        package_id: Uuid;
        to: Place;
        trip_id: Uuid;
      };
      seq: number;
      type: "courier.available";
    }
  | {
      at: Instant;
      data: {
        approved: boolean;
        document_id: Uuid;
        reason?: string;
      };
      seq: number;
      type: "document.reviewed";
    }
  | {
      at: Instant;
      data: {
        departs_at: Instant;
        from: Place;
        to: Place;
        trip_id: Uuid;
      };
      seq: number;
      type: "notification.new";
    }
  | {
      at: Instant;
      data: RequestChange;
      seq: number;
      type: "request.new";
    }
  | {
      at: Instant;
      data: RequestChange;
      seq: number;
      type: "request.accepted";
    }
  | {
      at: Instant;
      data: RequestChange;
      seq: number;
      type: "request.declined";
    }
  | {
      at: Instant;
      data: RequestChange;
      seq: number;
      type: "request.taken";
    }
  | {
      at: Instant;
      data: RequestChange;
      seq: number;
      type: "request.picked_up";
    }
  | {
      at: Instant;
      data: RequestChange;
      seq: number;
      type: "request.delivered";
    }
  | {
      at: Instant;
      data: RequestChange;
      seq: number;
      type: "request.confirmed";
    }
  | {
      at: Instant;
      data: RequestChange;
      seq: number;
      type: "request.cancelled";
    }
  | {
      at: Instant;
      data: RequestChange;
      seq: number;
      type: "request.disputed";
    };

export interface PeerPackRealtimeMessagesSubprotocolPeerpackV1 {
  [k: string]: unknown;
}
/**
 * This interface was referenced by `PeerPackRealtimeMessagesSubprotocolPeerpackV1`'s JSON-Schema
 * via the `definition` "hand_over".
 */
export interface HandOver {
  eta: Instant;
  place: Place;
}
/**
 * This interface was referenced by `PeerPackRealtimeMessagesSubprotocolPeerpackV1`'s JSON-Schema
 * via the `definition` "place".
 */
export interface Place {
  id: number;
  lat: number;
  lon: number;
  name_en: string;
  name_ru: string;
}
/**
 * This interface was referenced by `PeerPackRealtimeMessagesSubprotocolPeerpackV1`'s JSON-Schema
 * via the `definition` "offer".
 */
export interface Offer {
  capacity_left_g: number;
  currency: string;
  detour_km: number;
  detour_min: number;
  dropoff: HandOver;
  expires_at: Instant;
  fee: number;
  leg_from: number;
  leg_to: number;
  package: Package;
  pickup: HandOver;
  request_id: Uuid;
  reward: number;
  trip_id: Uuid;
  ttl_ms: number;
  why: string[];
}
/**
 * This interface was referenced by `PeerPackRealtimeMessagesSubprotocolPeerpackV1`'s JSON-Schema
 * via the `definition` "package".
 */
export interface Package {
  deliver_by: Instant;
  description: string;
  from: Place;
  id: Uuid;
  ready_at: Instant;
  size: string;
  tags: string[];
  to: Place;
  volume_ml: number;
  weight: string;
  weight_g: number;
}
/**
 * This interface was referenced by `PeerPackRealtimeMessagesSubprotocolPeerpackV1`'s JSON-Schema
 * via the `definition` "offer_end".
 */
export interface OfferEnd {
  package_id: Uuid;
  reason: "taken" | "cancelled" | "expired" | "changed";
  request_id: Uuid;
  trip_id: Uuid;
}
/**
 * This interface was referenced by `PeerPackRealtimeMessagesSubprotocolPeerpackV1`'s JSON-Schema
 * via the `definition` "request_change".
 */
export interface RequestChange {
  by_operator?: boolean;
  cancelled_by?: "sender" | "courier";
  courier_id: Uuid;
  currency: string;
  description: string;
  dropoff: HandOver;
  message?: string;
  new_status: string;
  old_status?: string;
  origin: "sender" | "courier" | "engine";
  package_id: Uuid;
  pickup: HandOver;
  request_id: Uuid;
  reward: number;
  sender_id: Uuid;
  trip_id: Uuid;
}
