//! The rules of money. The hourly look and the tests of money ask these and no others.
//!
//! A transfer takes from one account what it gives to another, so that all accounts sum to zero is how the
//! books are written; what can go wrong is that they say something else than the rows beside them.

use peerpack_actors::invariants::Invariant;

use super::Rule;

/// The rules of escrows, wallets, withdrawals and payments.
pub(super) const RULES: &[Rule] = &[
    (
        Invariant::EscrowAgrees,
        "an escrow and its request are in different states",
        "SELECT q.id, q.state || ' but ' || COALESCE(e.state, 'none') AS detail \
         FROM requests AS q LEFT JOIN escrows AS e ON e.request_id = q.id \
         WHERE COALESCE(e.state, 'none') <> CASE \
             WHEN q.state IN ('accepted', 'picked_up') THEN 'held' \
             WHEN q.state IN ('delivered', 'disputed') THEN 'pending' \
             WHEN q.state = 'confirmed' THEN CASE WHEN e.state = 'split' THEN 'split' ELSE 'released' END \
             WHEN q.state = 'cancelled' THEN 'refunded' \
             ELSE 'none' END",
    ),
    (
        Invariant::EscrowAgrees,
        "an escrow is not for what its request says",
        "SELECT q.id, CAST(e.amount_minor AS TEXT) AS detail FROM escrows AS e \
         JOIN requests AS q ON q.id = e.request_id JOIN packages AS p ON p.id = q.package_id \
         WHERE e.amount_minor <> CASE WHEN p.payment = 'cash' THEN 0 ELSE q.reward_minor END \
         OR e.currency <> q.currency OR e.sender <> q.sender OR e.courier <> q.courier",
    ),
    (
        Invariant::EscrowAgrees,
        "the money of an escrow does not lie where its state says",
        "SELECT e.request_id AS id, e.state AS detail FROM escrows AS e \
         LEFT JOIN transfers AS t ON t.request_id = e.request_id \
         GROUP BY e.request_id, e.state, e.amount_minor HAVING \
         COALESCE(sum(CASE WHEN t.to_kind = 'frozen' THEN t.amount_minor ELSE 0 END \
             - CASE WHEN t.from_kind = 'frozen' THEN t.amount_minor ELSE 0 END), 0) \
             <> CASE WHEN e.state = 'held' THEN e.amount_minor ELSE 0 END \
         OR COALESCE(sum(CASE WHEN t.to_kind = 'pending' THEN t.amount_minor ELSE 0 END \
             - CASE WHEN t.from_kind = 'pending' THEN t.amount_minor ELSE 0 END), 0) \
             <> CASE WHEN e.state = 'pending' THEN e.amount_minor ELSE 0 END",
    ),
    (
        Invariant::MoneyBalances,
        "a wallet is negative",
        "SELECT w.user_id AS id, w.kind || ' ' || CAST(w.balance AS TEXT) AS detail FROM wallets AS w \
         WHERE w.balance < 0",
    ),
    (
        Invariant::MoneyBalances,
        "a wallet is not the sum of its transfers",
        "SELECT a.owner AS id, a.kind || ' ' || a.currency AS detail FROM ( \
             SELECT to_user AS owner, to_kind AS kind, currency, amount_minor AS change FROM transfers \
             UNION ALL \
             SELECT from_user, from_kind, currency, -amount_minor FROM transfers \
             UNION ALL \
             SELECT user_id, kind, currency, -balance FROM wallets \
         ) AS a WHERE a.owner IS NOT NULL GROUP BY a.owner, a.kind, a.currency HAVING sum(a.change) <> 0",
    ),
    (
        Invariant::MoneyBalances,
        "what has left a wallet is not what is on its way out or was paid",
        "SELECT a.owner AS id, a.currency AS detail FROM ( \
             SELECT from_user AS owner, currency, amount_minor AS change FROM transfers WHERE to_kind = 'payouts' \
             UNION ALL \
             SELECT to_user, currency, -amount_minor FROM transfers WHERE from_kind = 'payouts' \
             UNION ALL \
             SELECT user_id, currency, -amount_minor FROM withdrawals WHERE state <> 'rejected' \
         ) AS a WHERE a.owner IS NOT NULL GROUP BY a.owner, a.currency HAVING sum(a.change) <> 0",
    ),
    (
        Invariant::MoneyBalances,
        "the money held for somebody is not what their deals hold",
        "SELECT a.owner AS id, a.kind || ' ' || a.currency AS detail FROM ( \
             SELECT user_id AS owner, kind, currency, balance AS change FROM wallets \
             WHERE kind IN ('frozen', 'pending') \
             UNION ALL \
             SELECT courier, CASE WHEN state = 'held' THEN 'frozen' ELSE 'pending' END, currency, -amount_minor \
             FROM escrows WHERE state IN ('held', 'pending') \
         ) AS a GROUP BY a.owner, a.kind, a.currency HAVING sum(a.change) <> 0",
    ),
    (
        Invariant::MoneyBalances,
        "the money reserved by somebody is not what their waiting packages were paid with",
        "SELECT a.owner AS id, a.currency AS detail FROM ( \
             SELECT user_id AS owner, currency, balance AS change FROM wallets WHERE kind = 'reserved' \
             UNION ALL \
             SELECT p.sender, p.reward_currency, -p.reward_minor FROM packages AS p \
             WHERE p.payment = 'on_publish' AND p.state = 'open' AND NOT EXISTS ( \
                 SELECT 1 FROM requests AS q WHERE q.package_id = p.id AND q.state = 'cancelled') \
         ) AS a GROUP BY a.owner, a.currency HAVING sum(a.change) <> 0",
    ),
    (
        Invariant::MoneyBalances,
        "the money of a payment is not what was charged less what went back",
        "SELECT a.payment AS id, a.currency AS detail FROM ( \
             SELECT subject AS payment, currency, amount_minor AS change FROM transfers \
             WHERE from_kind IN ('manual_provider', 'webhook_provider', 'telegram_provider', 'stars_provider') \
             UNION ALL \
             SELECT subject, currency, -amount_minor FROM transfers \
             WHERE to_kind IN ('manual_provider', 'webhook_provider', 'telegram_provider', 'stars_provider') \
             UNION ALL \
             SELECT payment_id, currency, charged_back_minor - amount_minor FROM payment_charges \
             UNION ALL \
             SELECT payment_id, currency, amount_minor FROM payment_refunds WHERE state <> 'refused' \
         ) AS a GROUP BY a.payment, a.currency HAVING sum(a.change) <> 0",
    ),
    (
        Invariant::MoneyBalances,
        "a payment is not in the state that its money says",
        "SELECT p.id, p.state AS detail FROM payments AS p WHERE p.state <> CASE \
             WHEN NOT EXISTS (SELECT 1 FROM payment_charges AS c WHERE c.payment_id = p.id) \
                 THEN CASE WHEN p.state IN ('created', 'pending', 'failed', 'expired') THEN p.state ELSE 'unpaid' END \
             WHEN EXISTS (SELECT 1 FROM payment_charges AS c WHERE c.payment_id = p.id AND c.charged_back_minor > 0) \
                 THEN 'charged_back' \
             WHEN NOT EXISTS (SELECT 1 FROM payment_refunds AS f WHERE f.payment_id = p.id AND f.state = 'done') \
                 THEN 'succeeded' \
             WHEN (SELECT sum(f.amount_minor) FROM payment_refunds AS f WHERE f.payment_id = p.id AND f.state = 'done') \
                 < (SELECT sum(c.amount_minor) FROM payment_charges AS c WHERE c.payment_id = p.id) \
                 THEN 'partly_refunded' \
             ELSE 'refunded' END",
    ),
    (
        Invariant::MoneyBalances,
        "stars and money are mixed",
        "SELECT t.subject AS id, t.key AS detail FROM transfers AS t WHERE (t.currency = 'XTR') <> ( \
             (t.from_kind = 'stars_provider' AND t.to_kind = 'platform') \
             OR (t.from_kind = 'platform' AND t.to_kind = 'stars_provider'))",
    ),
    (
        Invariant::MoneyBalances,
        "stars have bought nothing and do not go back, or have done both",
        "SELECT c.id, c.reference AS detail FROM payment_charges AS c \
         LEFT JOIN highlights AS h ON h.charge_id = c.id AND h.ended_at IS NULL \
         WHERE c.method = 'stars' AND (h.charge_id IS NULL) <> (c.charged_back_minor > 0 OR EXISTS ( \
             SELECT 1 FROM payment_refunds AS f WHERE f.charge_id = c.id AND f.state <> 'refused'))",
    ),
];
