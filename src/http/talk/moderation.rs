//! Words to the operators: about somebody in a chat, about a post; and what operators decide.

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{ChatId, MessageId, PostId, ReportId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::board::{PostView, shown};
use crate::app::App;
use crate::auth::Principal;
use crate::board::Board;
use crate::error::extract::{Body, Query};
use crate::error::{ApiError, Problem};
use crate::http::input::{self, LONG_TEXT};

/// How much one answer lists.
const PAGE: u32 = 50;

/// Why one reports somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportChat {
    /// In one's own words, at most 2 000 characters.
    reason: String,
    /// The message that it is about, if it is about one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    message_id: Option<MessageId>,
}

/// It waits for an operator.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatReported {
    success: bool,
    data: ReportName,
}

/// Names a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportName {
    report_id: String,
}

/// Which part of a queue.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct QueuePage {
    /// The next page, as the last answer named it.
    cursor: Option<String>,
}

/// Reports that wait.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatReportQueue {
    /// Oldest first, at most 50.
    reports: Vec<ChatReportView>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A report about somebody in a chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatReportView {
    id: String,
    chat_id: String,
    reporter_id: String,
    accused_id: String,
    /// The message that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    reason: String,
    /// What was said by then, oldest first, as it was written.
    evidence: Vec<EvidenceView>,
    created_at: String,
}

/// A message as it was when it was reported.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceView {
    id: String,
    seq: u64,
    sender_id: String,
    content: String,
    has_picture: bool,
    at: String,
}

/// What an operator has decided.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportDecision {
    /// Nothing is wrong.
    Dismissed,
    /// The reporter is right.
    Upheld,
}

/// What an operator decides upon a report. Shutting somebody out is a call of its own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideReport {
    decision: ReportDecision,
    /// A note that other operators see.
    #[serde(default)]
    note: Option<String>,
}

/// It is decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportDecided {
    success: bool,
}

/// Reports the other one of a chat. What was said by then is kept for the operators, whatever becomes of it.
/// Another report while one waits is the same one.
#[utoipa::path(post, path = "/api/chats/{chat_id}/report", operation_id = "report_chat", tag = "messenger",
    security(("bearer" = [])), params(("chat_id" = String, Path, description = "The chat")),
    request_body = ReportChat,
    responses((status = 200, body = ChatReported), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub async fn report_chat(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<ChatId>,
    body: Body<ReportChat>,
) -> Result<HttpResponse, ApiError> {
    let ReportChat { reason, message_id } = body.0;
    let reason = input::required("reason", Some(reason), LONG_TEXT)?;
    let now = app.clock.now();
    let fresh = ReportId::new(now, app.clock.random());
    let (chat, by) = (path.into_inner(), principal.user);
    let kept = app.database.report_chat(fresh, chat, by, message_id, reason, now).await?;
    let report_id = kept.ok_or_else(ApiError::not_found)?.to_string();
    Ok(HttpResponse::Ok().json(ChatReported { success: true, data: ReportName { report_id } }))
}

/// Reports about people in chats that wait for a decision, each with its evidence.
#[utoipa::path(get, path = "/api/admin/chat-reports", operation_id = "chat_report_queue", tag = "admin",
    security(("bearer" = [])), params(QueuePage),
    responses((status = 200, body = ChatReportQueue), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn chat_reports(app: web::Data<App>, query: Query<QueuePage>) -> Result<HttpResponse, ApiError> {
    let after = query.0.cursor.as_deref().map(input::id_cursor::<ReportId>).transpose()?;
    let found = app.database.chat_reports(after, PAGE).await?;
    let next = found.last().filter(|_| found.len() == PAGE as usize).map(|last| last.id.to_string());
    let reports = found.into_iter().map(|report| ChatReportView {
        id: report.id.to_string(),
        chat_id: report.chat.to_string(),
        reporter_id: report.reporter.to_string(),
        accused_id: report.accused.to_string(),
        message_id: report.message.map(|id| id.to_string()),
        reason: report.reason,
        evidence: report
            .evidence
            .into_iter()
            .map(|message| EvidenceView {
                id: message.id.to_string(),
                seq: message.seq,
                sender_id: message.sender.to_string(),
                content: message.content,
                has_picture: message.has_picture,
                at: message.at.to_string(),
            })
            .collect(),
        created_at: report.created_at.to_string(),
    });
    Ok(HttpResponse::Ok().json(ChatReportQueue { reports: reports.collect(), next_cursor: next }))
}

/// Decides upon a report. The first decision counts; the same one again changes nothing.
#[utoipa::path(post, path = "/api/admin/chat-reports/{report_id}/decide", operation_id = "decide_chat_report",
    tag = "admin", security(("bearer" = [])),
    params(("report_id" = String, Path, description = "The report")), request_body = DecideReport,
    responses((status = 200, body = ReportDecided), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn decide_chat_report(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<ReportId>,
    body: Body<DecideReport>,
) -> Result<HttpResponse, ApiError> {
    let note = input::text("note", body.0.note, LONG_TEXT)?;
    let decision = match body.0.decision {
        ReportDecision::Dismissed => "dismissed",
        ReportDecision::Upheld => "upheld",
    };
    let (id, now) = (path.into_inner(), app.clock.now());
    let counts = app.database.decide_chat_report(id, decision, note, principal.user, now).await?;
    if counts.ok_or_else(ApiError::not_found)? != decision {
        return Err(ApiError::conflict("already_decided", "this report was decided upon before"));
    }
    Ok(HttpResponse::Ok().json(ReportDecided { success: true }))
}

/// Why one objects to a post.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportPost {
    /// In one's own words, at most 2 000 characters.
    reason: String,
}

/// Why an operator takes a post down.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HidePost {
    /// What its author is told.
    reason: String,
}

/// It is done.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostNoted {
    success: bool,
}

/// Posts to which somebody objects.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostReportQueue {
    /// Oldest first, at most 50.
    posts: Vec<ReportedPost>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A post to which somebody objects.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedPost {
    post: PostView,
    /// How many people object.
    reports: u64,
    /// The first 20 of them.
    reasons: Vec<PostObjection>,
}

/// Somebody's objection.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostObjection {
    reporter_id: String,
    reason: String,
    /// What the post said then.
    evidence: String,
    at: String,
}

/// Tells the operators that a post should not stand there, once.
#[utoipa::path(post, path = "/api/posts/{post_id}/report", operation_id = "report_post", tag = "board",
    security(("bearer" = [])), params(("post_id" = String, Path, description = "The post")),
    request_body = ReportPost,
    responses((status = 200, body = PostNoted), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn report_post(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<PostId>,
    body: Body<ReportPost>,
) -> Result<HttpResponse, ApiError> {
    let reason = input::required("reason", Some(body.0.reason), LONG_TEXT)?;
    let id = path.into_inner();
    if !app.database.report_post(id, principal.user, reason, app.clock.now()).await? {
        return Err(ApiError::not_found());
    }
    Ok(HttpResponse::Ok().json(PostNoted { success: true }))
}

/// Posts to which somebody objects.
#[utoipa::path(get, path = "/api/admin/posts", operation_id = "post_report_queue", tag = "admin",
    security(("bearer" = [])), params(QueuePage),
    responses((status = 200, body = PostReportQueue), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn reported_posts(app: web::Data<App>, query: Query<QueuePage>) -> Result<HttpResponse, ApiError> {
    let after = query.0.cursor.as_deref().map(input::id_cursor::<PostId>).transpose()?;
    let found = app.database.reported_posts(after, PAGE).await?;
    let next = found.last().filter(|_| found.len() == PAGE as usize).map(|last| last.post.id.to_string());
    let posts = found.into_iter().map(|one| ReportedPost {
        post: shown(&one.post),
        reports: one.reports,
        reasons: one
            .reasons
            .into_iter()
            .map(|(reporter, reason, evidence, at)| PostObjection {
                reporter_id: reporter.to_string(),
                reason,
                evidence,
                at: at.to_string(),
            })
            .collect(),
    });
    Ok(HttpResponse::Ok().json(PostReportQueue { posts: posts.collect(), next_cursor: next }))
}

/// Takes a post down; its author sees why. What was said against it is settled.
#[utoipa::path(post, path = "/api/admin/posts/{post_id}/hide", operation_id = "hide_post", tag = "admin",
    security(("bearer" = [])), params(("post_id" = String, Path, description = "The post")),
    request_body = HidePost,
    responses((status = 200, body = PostNoted), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn hide_post(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<PostId>,
    body: Body<HidePost>,
) -> Result<HttpResponse, ApiError> {
    let reason = input::required("reason", Some(body.0.reason), LONG_TEXT)?;
    moderate(&app, principal, path.into_inner(), Some(reason)).await
}

/// Lets a post stand, or puts it up again. What was said against it is settled.
#[utoipa::path(post, path = "/api/admin/posts/{post_id}/show", operation_id = "let_post_stand", tag = "admin",
    security(("bearer" = [])), params(("post_id" = String, Path, description = "The post")),
    responses((status = 200, body = PostNoted), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn show_post(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<PostId>,
) -> Result<HttpResponse, ApiError> {
    moderate(&app, principal, path.into_inner(), None).await
}

async fn moderate(
    app: &App,
    principal: Principal,
    id: PostId,
    reason: Option<String>,
) -> Result<HttpResponse, ApiError> {
    let post = app.database.moderate_post(id, reason, principal.user, app.clock.now()).await?;
    let post = post.ok_or_else(ApiError::not_found)?;
    app.board.follow(post);
    app.engine.changed([Board::work(id)]);
    Ok(HttpResponse::Ok().json(PostNoted { success: true }))
}
