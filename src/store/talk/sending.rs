//! Writing in a chat. A writer takes the chat's row first, decides with it in hand, and writes the
//! message, the numbers and the events of both in one transaction: so both see one order on all nodes.
//!
//! Messages that wait share a transaction (see [`speakers`](super::speakers)), each of another chat and of
//! another sender. Every step is one statement for all of them; one that is refused takes nobody with it.
//!
//! Chats do not go through the engine's lanes. What such a transaction takes after the rows of chats are
//! streams alone, so it keeps to the order of units.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use peerpack_actors::ids::{ChatId, MessageId, RequestId, UserId};
use peerpack_actors::ports::{CommitError, Committed};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::stream;
use peerpack_actors::talk::chat::{Chat, Facts, Policy, Said, Warning, Words};
use peerpack_actors::talk::masking::Contact;
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;
use serde_json::json;
use uuid::Uuid;

use super::chats::{LOCKED, Message, chat, chat_columns, message, message_columns};
use crate::store::Database;
use crate::store::engine::commit;
use crate::store::engine::prepared::Prepared;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, args, hex, over_rows, rows, sql};

const MINUTE: Span = Span::minutes(1);

const LOCK: Sql = over_rows!(
    concat!("SELECT ", chat_columns!(), " FROM"),
    [id uuid],
    "CROSS JOIN chats AS c WHERE c.id = r.id ORDER BY c.id",
    locking "FOR NO KEY UPDATE OF c"
);
const SAME: Sql = over_rows!(
    concat!("SELECT ", message_columns!(), " FROM"),
    [chat_id uuid, sender uuid, client_id text],
    "CROSS JOIN chat_messages AS m \
     WHERE m.chat_id = r.chat_id AND m.sender = r.sender AND m.client_id = r.client_id"
);
const OWN_PICTURES: Sql = over_rows!(
    "SELECT f.id FROM",
    [id uuid, owner uuid],
    "CROSS JOIN files AS f WHERE f.id = r.id AND f.owner = r.owner AND f.kind = 'chat_picture'"
);

// What one of the two has started. By the keys of packages: there is no index of requests by both people.
macro_rules! closeness {
    ($sender:literal, $courier:literal) => {
        concat!(
            "CAST(COALESCE((SELECT max(CASE WHEN q.state IN ('accepted', 'picked_up', 'delivered', \
             'confirmed', 'disputed') THEN 2 WHEN q.origin <> 'engine' THEN 1 ELSE 0 END) \
             FROM packages AS p JOIN requests AS q ON q.package_id = p.id WHERE p.sender = ",
            $sender,
            " AND q.courier = ",
            $courier,
            "), 0) AS BIGINT)"
        )
    };
}

// Ids begin with the time.
const FACTS: Sql = over_rows!(
    concat!(
        "SELECT r.n AS n, ",
        closeness!("r.sender", "r.other"),
        " AS sends, ",
        closeness!("r.other", "r.sender"),
        " AS carries, \
         (SELECT count(*) FROM chat_messages AS m WHERE m.sender = r.sender AND m.id >= r.since) AS sent, \
         CAST(COALESCE((SELECT min(m.created_at) FROM chat_messages AS m \
             WHERE m.sender = r.sender AND m.id >= r.since), 0) AS BIGINT) AS first_at, \
         (SELECT count(*) FROM chats AS s WHERE s.cold_by = r.sender AND s.cold_at > r.yesterday) AS cold, \
         (SELECT count(*) FROM users AS u WHERE u.id = r.other \
             AND (u.deleted_at IS NOT NULL OR u.erased_at IS NOT NULL OR u.blocked_at IS NOT NULL)) AS gone FROM"
    ),
    [sender uuid, other uuid, since uuid, yesterday int],
    ""
);

// The sender of a package knows the codes of its hand-overs.
const WITH_CODES: Sql = over_rows!(
    "SELECT r.n AS n, q.id FROM",
    [sender uuid, other uuid],
    "CROSS JOIN packages AS p JOIN requests AS q ON q.package_id = p.id \
     WHERE p.sender = r.sender AND q.courier = r.other AND p.hand_over_codes = 1 \
     AND q.state IN ('accepted', 'picked_up')"
);

const ADD: Sql = over_rows!(
    "INSERT INTO chat_messages (chat_id, seq, id, sender, nth, client_id, content, shown, masked, warnings, \
     picture, created_at) SELECT r.chat_id, r.seq, r.id, r.sender, r.nth, r.client_id, r.content, r.shown, \
     r.masked, r.warnings, r.picture, r.at FROM",
    [
        chat_id uuid, seq int, id uuid, sender uuid, nth int, client_id text, content text, shown text,
        masked text, warnings text, picture uuid, at int,
    ],
    ""
);
const ADVANCE: Sql = over_rows!(
    "UPDATE chats SET top = r.top, updated_at = r.at, sent_a = r.a, sent_b = r.b, \
     cold_by = COALESCE(r.cold, cold_by), cold_at = CASE WHEN r.cold IS NULL THEN cold_at ELSE r.at END FROM",
    [id uuid, top int, at int, a int, b int, cold uuid],
    "WHERE chats.id = r.id"
);

const NTH: Sql = sql("\
    SELECT CAST(COALESCE(max(nth), 0) AS BIGINT) AS nth FROM chat_messages \
    WHERE chat_id = $1 AND sender = $2 AND seq <= $3 AND seq > $4");
const READ: Sql = sql("\
    UPDATE chats SET read_to_a = $2, read_a = $3, read_to_b = $4, read_b = $5 WHERE id = $1");

const BLOCK_A: Sql = sql("UPDATE chats SET blocked_a = $2 WHERE id = $1");
const BLOCK_B: Sql = sql("UPDATE chats SET blocked_b = $2 WHERE id = $1");

/// Tells the codes of a request's hand-overs.
pub type CodesOf = Arc<dyn Fn(RequestId) -> [String; 2] + Send + Sync>;

/// A message that somebody wants to send.
#[derive(Clone)]
pub struct NewMessage {
    /// Under this id, unless it was sent before.
    pub id: MessageId,
    /// The chat that it is said in.
    pub chat: ChatId,
    /// By one of the two.
    pub sender: UserId,
    /// What is said.
    pub words: Words,
    /// What the sender's device calls it.
    pub client_id: Option<String>,
    /// Codes that must not be told in it, because only the sender knows them.
    pub codes: CodesOf,
    /// When it is sent.
    pub at: Time,
}

/// What became of a message.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The message; the original one, if it was sent before.
    pub message: Message,
    /// The chat after it.
    pub chat: Chat,
    /// The numbered events, to be told after the commit.
    pub committed: Committed,
}

impl Database {
    /// Sends a message, once for what the sender's device calls it. Nothing if there is no such chat.
    ///
    /// # Errors
    /// Why it is not sent, or the database does not answer.
    pub async fn send_message(&self, new: NewMessage, policy: Policy) -> Result<Option<Sent>, CommitError> {
        Ok(self.speak(new, policy).await?)
    }

    /// Notes how far somebody has read; answers with the events, none if it was noted before. Nothing if
    /// there is no such chat.
    ///
    /// # Errors
    /// `NotAMember`, or the database does not answer.
    pub async fn read_chat(
        &self,
        id: ChatId,
        by: UserId,
        up_to: u64,
        now: Time,
    ) -> Result<Option<(Chat, Committed)>, CommitError> {
        let work = self.write(move |conn| Box::pin(read(conn, id, by, up_to, now)));
        Ok(work.await?)
    }

    /// One of the two wants no words of the other one from now on, or wants them again.
    ///
    /// # Errors
    /// `NotAMember`, or the database does not answer.
    pub async fn block_in_chat(
        &self,
        id: ChatId,
        by: UserId,
        blocks: bool,
        now: Time,
    ) -> Result<Option<()>, CommitError> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                let Some(row) = conn.optional(LOCKED, args![id.uuid()]).await? else { return Ok(None) };
                let chat = chat(&row)?;
                let (own, _) = chat.sides(by).map_err(Failure::Refused)?;
                if own.blocks != blocks {
                    let statement = if by == chat.members[0].user { BLOCK_A } else { BLOCK_B };
                    conn.execute(statement, args![id.uuid(), blocks.then_some(now.ms())]).await?;
                }
                Ok(Some(()))
            })
        });
        Ok(work.await?)
    }
}

/// What became of each message of a group.
pub(super) type Outcomes = Vec<Result<Option<Sent>, Rejection>>;

/// What is known of a message before it is decided upon.
struct Known {
    before: Chat,
    other: UserId,
}

/// Sends messages, each of another chat and of another sender.
pub(super) async fn send(
    conn: &mut Conn,
    group: &[Arc<NewMessage>],
    policy: Policy,
) -> Result<Outcomes, Failure> {
    let mut outcomes: Outcomes = group.iter().map(|_| Ok(None)).collect();
    let chats = lock(conn, group).await?;
    let mut same = repeated(conn, group).await?;
    let mut going: BTreeMap<usize, Known> = BTreeMap::new();
    for (n, new) in group.iter().enumerate() {
        let Some(before) = chats.get(&new.chat).copied() else { continue };
        match (before.sides(new.sender), same.remove(&new.chat)) {
            (Err(refused), _) => outcomes[n] = Err(refused),
            (Ok(_), Some(message)) => {
                let committed = Committed::default();
                outcomes[n] = Ok(Some(Sent { message, chat: before, committed }));
            }
            (Ok((_, other)), None) => drop(going.insert(n, Known { before, other: other.user })),
        }
    }
    for n in strange_pictures(conn, group, &going).await? {
        going.remove(&n);
        outcomes[n] = Err(Rejection::Invalid { field: "picture_id", reason: "is no picture of yours" });
    }
    if going.is_empty() {
        return Ok(outcomes);
    }
    let facts = facts(conn, group, &going).await?;
    let codes = codes(conn, group, &going).await?;
    let mut said: Vec<(usize, Said, Chat)> = Vec::new();
    for (n, known) in &going {
        let (new, none) = (&group[*n], Vec::new());
        let codes = codes.get(n).unwrap_or(&none);
        match known.before.say(new.sender, &new.words, facts[n], codes, policy) {
            Err(refused) => outcomes[*n] = Err(refused),
            Ok(words) => {
                let after = known.before.after(new.sender, &words, new.at);
                said.push((*n, words, after));
            }
        }
    }
    let of_new = |n: usize| &group[n];
    add(conn, said.iter().map(|(n, said, _)| (of_new(*n), said))).await?;
    let advanced = said.iter().map(|(n, said, after)| {
        let new = of_new(*n);
        let [a, b] = after.members.map(|member| member.sent);
        let cold = said.is_to_stranger.then(|| hex(new.sender.uuid()));
        json!({
            "id": hex(after.id.uuid()), "top": after.top, "at": after.updated_at.ms(), "a": a, "b": b, "cold": cold,
        })
    });
    let advanced: Vec<_> = advanced.collect();
    if !advanced.is_empty() {
        conn.execute(ADVANCE, vec![rows(advanced)]).await?;
    }
    let unit = |(n, said, _): &(usize, Said, Chat)| {
        let (new, before) = (of_new(*n), &going[n].before);
        let client_id = new.client_id.as_deref();
        let notices = stream::message_sent(before, (new.id, new.sender), &new.words, said, client_id);
        Ok(Arc::new(Prepared::new(Unit::told(notices, new.at), false)?))
    };
    let units = said.iter().map(unit).collect::<Result<Vec<_>, Failure>>()?;
    let committed = commit::apply(conn, &units).await?;
    for ((n, said, chat), committed) in said.into_iter().zip(committed) {
        let message = stored(&group[n], said);
        outcomes[n] = Ok(Some(Sent { message, chat, committed }));
    }
    Ok(outcomes)
}

/// The chats, held until the transaction ends.
async fn lock(conn: &mut Conn, group: &[Arc<NewMessage>]) -> Result<HashMap<ChatId, Chat>, Failure> {
    let ids = rows(group.iter().map(|new| json!({ "id": hex(new.chat.uuid()) })));
    let found = conn.all(LOCK, vec![ids]).await?;
    found.iter().map(|row| chat(row).map(|chat| (chat.id, chat))).collect()
}

/// Messages that were sent before, by chat.
async fn repeated(conn: &mut Conn, group: &[Arc<NewMessage>]) -> Result<HashMap<ChatId, Message>, Failure> {
    let named = group.iter().filter_map(|new| {
        let client_id = new.client_id.as_deref()?;
        Some(json!({
            "chat_id": hex(new.chat.uuid()), "sender": hex(new.sender.uuid()), "client_id": client_id,
        }))
    });
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let found = conn.all(SAME, vec![rows(named)]).await?;
    found.iter().map(|row| message(row).map(|message| (message.chat, message))).collect()
}

/// Those whose picture is none of theirs.
async fn strange_pictures(
    conn: &mut Conn,
    group: &[Arc<NewMessage>],
    going: &BTreeMap<usize, Known>,
) -> Result<Vec<usize>, Failure> {
    let pictures = || going.keys().filter_map(|n| Some((*n, group[*n].words.picture?)));
    if pictures().next().is_none() {
        return Ok(Vec::new());
    }
    let wanted = pictures()
        .map(|(n, picture)| json!({ "id": hex(picture.uuid()), "owner": hex(group[n].sender.uuid()) }));
    let found = conn.all(OWN_PICTURES, vec![rows(wanted)]).await?;
    let own = found.iter().map(|row| row.get::<Uuid>("id")).collect::<Result<HashSet<_>, _>>()?;
    Ok(pictures().filter(|(_, picture)| !own.contains(&picture.uuid())).map(|(n, _)| n).collect())
}

/// The codes that only the sender knows and could tell the other one, by place in the group.
async fn codes(
    conn: &mut Conn,
    group: &[Arc<NewMessage>],
    going: &BTreeMap<usize, Known>,
) -> Result<HashMap<usize, Vec<String>>, Failure> {
    let mut codes: HashMap<usize, Vec<String>> = HashMap::new();
    // Only who writes a number can tell one.
    let numbers = going.iter().filter(|(n, _)| group[**n].words.text.chars().any(char::is_alphanumeric));
    let (places, pairs): (Vec<usize>, Vec<_>) = numbers
        .map(|(n, known)| {
            let pair = json!({ "sender": hex(group[*n].sender.uuid()), "other": hex(known.other.uuid()) });
            (*n, pair)
        })
        .unzip();
    if pairs.is_empty() {
        return Ok(codes);
    }
    for row in conn.all(WITH_CODES, vec![rows(pairs)]).await? {
        let n = place(&row, &places)?;
        codes.entry(n).or_default().extend((group[n].codes)(row.request_id("id")?));
    }
    Ok(codes)
}

async fn tell(conn: &mut Conn, unit: Unit) -> Result<Committed, Failure> {
    Ok(commit::apply(conn, &[Arc::new(Prepared::new(unit, false)?)]).await?.pop().unwrap_or_default())
}

/// What the rules want to know of each message, by place in the group.
async fn facts(
    conn: &mut Conn,
    group: &[Arc<NewMessage>],
    going: &BTreeMap<usize, Known>,
) -> Result<HashMap<usize, Facts>, Failure> {
    let places: Vec<usize> = going.keys().copied().collect();
    let asked = going.iter().map(|(n, known)| {
        let new = &group[*n];
        let since = MessageId::new(new.at - MINUTE, [0; 10]);
        json!({
            "sender": hex(new.sender.uuid()), "other": hex(known.other.uuid()), "since": hex(since.uuid()),
            "yesterday": (new.at - Span::days(1)).ms(),
        })
    });
    let mut facts = HashMap::with_capacity(places.len());
    for row in conn.all(FACTS, vec![rows(asked)]).await? {
        let n = place(&row, &places)?;
        let closeness = row.number::<u8>("sends")?.max(row.number("carries")?);
        let again_at = row.time("first_at")? + MINUTE;
        let known = Facts {
            has_deal: closeness >= 2,
            has_request: closeness >= 1,
            is_other_gone: row.number::<u8>("gone")? > 0,
            within_minute: row.number("sent")?,
            again_in_s: u32::try_from((again_at.since(group[n].at).ms() + 999) / 1_000).unwrap_or(1),
            strangers_today: row.number("cold")?,
        };
        facts.insert(n, known);
    }
    Ok(facts)
}

/// Which message a row is about, which has the number of the row that asked for it.
fn place(row: &Row, places: &[usize]) -> Result<usize, Failure> {
    let n = row.number::<u32>("n")?;
    let found = places.get(n as usize).copied();
    found.ok_or_else(|| Failure::Broken(format!("nothing was asked under number {n}")))
}

async fn add<'a>(
    conn: &mut Conn,
    said: impl Iterator<Item = (&'a Arc<NewMessage>, &'a Said)>,
) -> Result<(), Failure> {
    let joined = |words: Vec<&str>| words.join(",");
    let added = said.map(|(new, said)| {
        json!({
            "chat_id": hex(new.chat.uuid()), "seq": said.seq, "id": hex(new.id.uuid()),
            "sender": hex(new.sender.uuid()), "nth": said.nth, "client_id": new.client_id,
            "content": new.words.text, "shown": said.shown,
            "masked": joined(said.masked.iter().copied().map(Contact::word).collect()),
            "warnings": joined(said.warnings.iter().copied().map(Warning::word).collect()),
            "picture": new.words.picture.map(|picture| hex(picture.uuid())), "at": new.at.ms(),
        })
    });
    let added: Vec<_> = added.collect();
    let shows_one = added.len() == 1 && !added[0]["picture"].is_null();
    if added.is_empty() {
        return Ok(());
    }
    match conn.execute(ADD, vec![rows(added)]).await {
        // Everything else that is there only once is guarded by the chat's row.
        Err(Failure::Conflict) if shows_one => Err(Failure::Refused(Rejection::Invalid {
            field: "picture_id",
            reason: "was sent in another message",
        })),
        outcome => outcome.map(drop),
    }
}

/// A message as it is stored now.
fn stored(new: &NewMessage, said: Said) -> Message {
    Message {
        chat: new.chat,
        seq: said.seq,
        id: new.id,
        sender: new.sender,
        client_id: new.client_id.clone(),
        content: new.words.text.clone(),
        shown: said.shown,
        masked: said.masked,
        warnings: said.warnings,
        picture: new.words.picture,
        created_at: new.at,
    }
}

async fn read(
    conn: &mut Conn,
    id: ChatId,
    by: UserId,
    up_to: u64,
    now: Time,
) -> Result<Option<(Chat, Committed)>, Failure> {
    let Some(row) = conn.optional(LOCKED, args![id.uuid()]).await? else { return Ok(None) };
    let before = chat(&row)?;
    let (own, other) = before.sides(by).map_err(Failure::Refused)?;
    let up_to = up_to.min(before.top);
    let nothing = Ok(Some((before, Committed::default())));
    if up_to <= own.read_up_to {
        return nothing;
    }
    let span = args![id.uuid(), other.user.uuid(), up_to as i64, own.read_up_to as i64];
    let of_other = conn.one(NTH, span).await?.number("nth")?;
    let Some(reader) = before.read(by, up_to, of_other).map_err(Failure::Refused)? else { return nothing };
    let mut after = before;
    for member in &mut after.members {
        if member.user == by {
            *member = reader;
        }
    }
    let [a, b] = after.members;
    let marks = args![id.uuid(), a.read_up_to as i64, a.read as i64, b.read_up_to as i64, b.read as i64];
    conn.execute(READ, marks).await?;
    let committed = tell(conn, Unit::told(stream::read_further(&before, &reader), now)).await?;
    Ok(Some((after, committed)))
}
