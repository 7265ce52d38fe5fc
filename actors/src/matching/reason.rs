//! Why a trip does not suit a package, or is not asked: stable codes, and sentences for people.

use crate::leg::LegIndex;
use crate::time::Time;

/// Why a trip does not suit a package, or is not asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Sender and courier are the same person.
    OwnPackage,
    /// The courier, or an earlier request on this trip, has let the package pass.
    DeclinedBefore,
    /// The courier let an offer run out lately, and is asked again later.
    Lapsed,
    /// A request for this package and trip waits for an answer.
    Requested,
    /// The trip is over or cancelled.
    NotLive,
    /// The trip does not pass both ends.
    OffRoute,
    /// The trip passes the dropoff before the pickup.
    Order,
    /// The courier is at the pickup too early, or at the dropoff too late.
    Time,
    /// A leg in between has no room.
    Capacity {
        /// The first such leg.
        leg: LegIndex,
    },
    /// The extra way is more than the courier has left for it.
    Detour {
        /// What it takes, in minutes.
        needs_min: u32,
        /// What is left, in minutes.
        budget_min: u32,
    },
    /// The courier has as many live offers as one may have.
    Busy,
    /// Packages that are still to come are expected to need the room more: it is kept for them for a while.
    RoomIsDear {
        /// Until when at most.
        until: Time,
    },
    /// The courier has room for few more offers, and other waiting packages suit better.
    Outranked,
    /// Others can pick it up sooner, and only so many are looked at.
    Cut {
        /// How many trips are looked at.
        limit: usize,
    },
}

impl Reason {
    /// The stable code, particulars included.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Capacity { leg } => format!("capacity:leg{leg}"),
            Self::Detour { needs_min, budget_min } => format!("detour:+{needs_min}min>{budget_min}"),
            Self::Cut { limit } => format!("cut:beyond_{limit}"),
            _ => self.kind().to_owned(),
        }
    }

    /// The code without particulars, to count by.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::OwnPackage => "self",
            Self::DeclinedBefore => "declined_before",
            Self::Lapsed => "lapsed",
            Self::Requested => "requested",
            Self::NotLive => "not_live",
            Self::OffRoute => "off_route",
            Self::Order => "order",
            Self::Time => "time",
            Self::Capacity { .. } => "capacity",
            Self::Detour { .. } => "detour",
            Self::RoomIsDear { .. } => "room_is_dear",
            Self::Outranked => "outranked",
            Self::Busy => "busy",
            Self::Cut { .. } => "cut",
        }
    }

    /// How near the pair came to a match: the later the check that failed, the higher.
    #[must_use]
    pub const fn stage(&self) -> u8 {
        match self {
            Self::OwnPackage => 0,
            Self::DeclinedBefore => 1,
            Self::Lapsed => 2,
            Self::Requested => 3,
            Self::NotLive => 4,
            Self::OffRoute => 5,
            Self::Order => 6,
            Self::Time => 7,
            Self::Capacity { .. } => 8,
            Self::Detour { .. } => 9,
            Self::Cut { .. } => 10,
            Self::RoomIsDear { .. } => 11,
            Self::Outranked => 12,
            Self::Busy => 13,
        }
    }

    /// A short English sentence.
    #[must_use]
    pub fn text_en(&self) -> String {
        match self {
            Self::OwnPackage => "The courier is the sender of the package.".to_owned(),
            Self::DeclinedBefore => {
                "The courier has already turned this package down or let it pass.".to_owned()
            }
            Self::Lapsed => "The courier did not answer lately, and is asked again later.".to_owned(),
            Self::Requested => "A request to this courier is waiting for an answer.".to_owned(),
            Self::NotLive => "The trip is over or cancelled.".to_owned(),
            Self::OffRoute => "The trip does not pass both ends of the package's way.".to_owned(),
            Self::Order => "The trip passes the delivery place before the pickup place.".to_owned(),
            Self::Time => "The trip does not fit the time window.".to_owned(),
            Self::Capacity { leg } => {
                format!("There is not enough room between stops {} and {}.", leg + 1, leg + 2)
            }
            Self::Detour { needs_min, budget_min } => {
                format!(
                    "The detour takes {needs_min} min, and the courier has {budget_min} min left for detours."
                )
            }
            Self::RoomIsDear { .. } => {
                "The room on this way is usually needed by packages that are worth more; it is kept for them for a while."
                    .to_owned()
            }
            Self::Outranked => "Other packages that wait suit this courier better.".to_owned(),
            Self::Busy => "The courier has as many open offers as allowed.".to_owned(),
            Self::Cut { limit } => format!("There are {limit} couriers who can pick it up sooner."),
        }
    }

    /// A short Russian sentence.
    #[must_use]
    pub fn text_ru(&self) -> String {
        match self {
            Self::OwnPackage => "Курьер и отправитель — один человек.".to_owned(),
            Self::DeclinedBefore => "Курьер уже отказался от этой посылки или не ответил вовремя.".to_owned(),
            Self::Lapsed => "Курьер недавно не ответил, позже спросим его ещё раз.".to_owned(),
            Self::Requested => "Курьеру уже отправлен запрос, ждём ответа.".to_owned(),
            Self::NotLive => "Поездка завершена или отменена.".to_owned(),
            Self::OffRoute => "Поездка не проходит через оба конца пути посылки.".to_owned(),
            Self::Order => "Поездка проходит место вручения раньше места отправления.".to_owned(),
            Self::Time => "Поездка не подходит по времени.".to_owned(),
            Self::Capacity { leg } => {
                format!("Не хватает места между остановками {} и {}.", leg + 1, leg + 2)
            }
            Self::Detour { needs_min, budget_min } => {
                format!("Крюк займёт {needs_min} мин, а у курьера осталось на крюки {budget_min} мин.")
            }
            Self::RoomIsDear { .. } => {
                "Место на этом пути обычно нужно более выгодным посылкам, пока оно придержано для них."
                    .to_owned()
            }
            Self::Outranked => "Этому курьеру больше подходят другие посылки, которые ждут.".to_owned(),
            Self::Busy => "У курьера уже предельное число открытых предложений.".to_owned(),
            Self::Cut { limit } => format!("Есть более подходящие курьеры ({limit})."),
        }
    }
}
