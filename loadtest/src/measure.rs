//! Latencies, in microseconds.

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// The longest latency that is told apart.
const MAX_US: u64 = 10 * 60 * 1_000_000;

/// A duration that is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Metric {
    /// The generator: when a publication should have started → when it did.
    Lateness,
    /// Sign-in over HTTP.
    SignIn,
    /// Socket: TCP, upgrade, `hello`.
    Connect,
    /// A trip's publication, before the clock starts.
    Trip,
    /// A package's publication, from its intended start.
    Publish,
    /// The same, from when it was sent.
    PublishNaive,
    /// Intended publication → the first courier has its offer.
    FirstOffer,
    /// The same, from when the publication was sent.
    FirstOfferNaive,
    /// The publication's answer → the first courier has its offer; 0 when the offer was faster.
    FirstOfferAfterAnswer,
    /// The decision to offer → the offer on the socket, for each offer.
    OfferSinceDecided,
    /// When an acceptance was due → its `ok`.
    Accept,
    /// The same, from when it was sent.
    AcceptNaive,
    /// When an acceptance was due → its refusal.
    AcceptRefused,
    /// The winner has the `ok` → a loser is told; 0 when the loser knew first.
    LoserAfterAck,
    /// The claim was decided → a loser is told.
    LoserSinceDecided,
    /// The claim was decided → the sender is told.
    SenderSinceDecided,
    /// Other steps of a deal: due → acknowledged.
    Step,
    /// The decision of anything but what is said in chats → the event on the socket, for every event that was
    /// not asked for again.
    Push,
    /// A message in a chat: when it was due → on the other one's socket.
    MessageTold,
    /// The same, from its decision.
    MessageSinceDecided,
    /// A message in a chat: when it was due → its acknowledgement.
    MessageAcknowledged,
    /// A connection is lost → what was missed meanwhile is heard.
    Back,
    /// The generator: a timer is due → it runs.
    Pulse,
}

impl Metric {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Self; 23] = [
        Self::Push,
        Self::Publish,
        Self::PublishNaive,
        Self::FirstOffer,
        Self::FirstOfferNaive,
        Self::FirstOfferAfterAnswer,
        Self::OfferSinceDecided,
        Self::Accept,
        Self::AcceptNaive,
        Self::AcceptRefused,
        Self::LoserAfterAck,
        Self::LoserSinceDecided,
        Self::SenderSinceDecided,
        Self::Step,
        Self::MessageTold,
        Self::MessageSinceDecided,
        Self::MessageAcknowledged,
        Self::SignIn,
        Self::Connect,
        Self::Trip,
        Self::Back,
        Self::Lateness,
        Self::Pulse,
    ];

    /// Whether it is of chats: where nothing is said there is none.
    pub(crate) const fn is_of_talk(self) -> bool {
        matches!(self, Self::MessageTold | Self::MessageSinceDecided | Self::MessageAcknowledged)
    }

    /// What it says in the report.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Lateness => "generator: intended start → actual start",
            Self::SignIn => "sign-in answered",
            Self::Connect => "socket connected (TCP, upgrade, hello)",
            Self::Trip => "trip published (before the clock starts)",
            Self::Publish => "package published: intended start → answer",
            Self::PublishNaive => "package published: sent → answer (naive)",
            Self::FirstOffer => "first offer: intended publication → on a courier's socket",
            Self::FirstOfferNaive => "first offer: publication sent → on a courier's socket (naive)",
            Self::FirstOfferAfterAnswer => "first offer: publication answered → on a courier's socket",
            Self::OfferSinceDecided => "each offer: decided (its `at`) → on the courier's socket",
            Self::Accept => "acceptance: due → acknowledged",
            Self::AcceptNaive => "acceptance: sent → acknowledged (naive)",
            Self::AcceptRefused => "acceptance: due → refused",
            Self::LoserAfterAck => "losers: winner's acknowledgement → told",
            Self::LoserSinceDecided => "losers: claim decided (its `at`) → told",
            Self::SenderSinceDecided => "sender: claim decided (its `at`) → told",
            Self::Step => "other steps: due → acknowledged",
            Self::MessageTold => "message in a chat: due → on the other one's socket",
            Self::MessageSinceDecided => "message in a chat: decided (its `at`) → on the other one's socket",
            Self::MessageAcknowledged => "message in a chat: due → acknowledged",
            Self::Push => "each event but those of chats: decided (its `at`) → on the socket",
            Self::Back => "connection lost → what was missed is heard",
            Self::Pulse => "generator: timer due → run",
        }
    }

    /// The name in the JSON report.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Lateness => "generator_lateness",
            Self::SignIn => "sign_in",
            Self::Connect => "connect",
            Self::Trip => "trip_published",
            Self::Publish => "package_published",
            Self::PublishNaive => "package_published_naive",
            Self::FirstOffer => "first_offer",
            Self::FirstOfferNaive => "first_offer_naive",
            Self::FirstOfferAfterAnswer => "first_offer_after_answer",
            Self::OfferSinceDecided => "offer_since_decided",
            Self::Accept => "accept",
            Self::AcceptNaive => "accept_naive",
            Self::AcceptRefused => "accept_refused",
            Self::LoserAfterAck => "loser_after_ack",
            Self::LoserSinceDecided => "loser_since_decided",
            Self::SenderSinceDecided => "sender_since_decided",
            Self::Step => "step",
            Self::MessageTold => "message_told",
            Self::MessageSinceDecided => "message_since_decided",
            Self::MessageAcknowledged => "message_acknowledged",
            Self::Push => "push",
            Self::Back => "back",
            Self::Pulse => "generator_pulse",
        }
    }
}

/// Latencies of everything.
pub(crate) struct Measures(Vec<Mutex<Histogram<u64>>>);

/// The percentiles of one metric, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) p50_ms: f64,
    pub(crate) p90_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p99_9_ms: f64,
    pub(crate) max_ms: f64,
    pub(crate) n: u64,
}

impl Measures {
    /// Nothing measured yet.
    pub(crate) fn new() -> Self {
        let empty =
            |_| Mutex::new(Histogram::new_with_bounds(1, MAX_US, 3).expect("1 to ten minutes, 3 digits"));
        Self(Metric::ALL.iter().map(empty).collect())
    }

    /// Takes a latency in.
    pub(crate) fn record(&self, metric: Metric, us: u64) {
        self.of(metric).lock().saturating_record(us.max(1));
    }

    /// Takes the time between two readings in; 0 when they are the other way round.
    pub(crate) fn record_between(&self, metric: Metric, from_us: u64, to_us: u64) {
        self.record(metric, to_us.saturating_sub(from_us));
    }

    /// The percentiles of a metric.
    pub(crate) fn summary(&self, metric: Metric) -> Summary {
        let histogram = self.of(metric).lock();
        let ms = |us: u64| us as f64 / 1_000.0;
        if histogram.is_empty() {
            return Summary::default();
        }
        Summary {
            p50_ms: ms(histogram.value_at_quantile(0.5)),
            p90_ms: ms(histogram.value_at_quantile(0.9)),
            p99_ms: ms(histogram.value_at_quantile(0.99)),
            p99_9_ms: ms(histogram.value_at_quantile(0.999)),
            max_ms: ms(histogram.max()),
            n: histogram.len(),
        }
    }

    fn of(&self, metric: Metric) -> &Mutex<Histogram<u64>> {
        let index = Metric::ALL.iter().position(|one| *one == metric);
        &self.0[index.expect("all metrics are in the list")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let measures = Measures::new();
        for ms in 1..=1_000 {
            measures.record(Metric::Publish, ms * 1_000);
        }
        let summary = measures.summary(Metric::Publish);
        assert_eq!(summary.n, 1_000);
        assert!((summary.p50_ms - 500.0).abs() < 2.0 && (summary.p99_ms - 990.0).abs() < 2.0, "{summary:?}");
        assert_eq!(measures.summary(Metric::Accept), Summary::default());
    }

    #[test]
    fn what_came_first_took_no_time() {
        let measures = Measures::new();
        measures.record_between(Metric::LoserAfterAck, 10, 5);
        assert_eq!(measures.summary(Metric::LoserAfterAck).max_ms, 0.001);
    }

    #[test]
    fn every_metric_has_a_place_a_title_and_a_key_of_its_own() {
        let measures = Measures::new();
        Metric::ALL.iter().for_each(|metric| measures.record(*metric, 1));
        let keys: std::collections::HashSet<_> = Metric::ALL.iter().map(|metric| metric.key()).collect();
        let titles: std::collections::HashSet<_> = Metric::ALL.iter().map(|metric| metric.title()).collect();
        assert_eq!((keys.len(), titles.len()), (Metric::ALL.len(), Metric::ALL.len()));
    }
}
