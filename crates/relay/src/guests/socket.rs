//! `GET /v1/guest/{link}`: the WebSocket of a guest's page. Notices of the relay are text, sealed signals are binary.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::http::uri::Authority;
use axum::response::Response;
use bezel_protocol::guest::{GuestNotice, MAX_GUEST_SIGNAL_BYTES};
use serde::Deserialize;
use tokio::time::Instant;

use super::allowance::Allowance;
use super::door::{self, Visit};
use super::{Closing, Next, Sitting, Stay, ToGuest};
use crate::app::App;
use crate::clock::now_ms;
use crate::http::Refusal;
use crate::reach;
use crate::store::{Caller, Store};

/// A silent browser is asked whether it lives this often.
const PING: Duration = Duration::from_secs(15);
/// A browser of which nothing came for so long is gone.
const IDLE: Duration = Duration::from_secs(50);
/// Whoever takes so long to take a message is gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// A page that loads anew has so long before the guest at the door has gone.
const GRACE_AT_THE_DOOR: Duration = Duration::from_secs(8);
/// A network that changes has so long before the guest has left the call.
const GRACE_IN_CALL: Duration = Duration::from_secs(20);
/// Signals: so many at once, then so many a second. Who sends more is cut off.
const SIGNALS: (f64, f64) = (60.0, 10.0);

/// Who the browser was before its connection broke.
#[derive(Deserialize)]
pub(crate) struct Back {
    guest: Option<String>,
    token: Option<String>,
}

pub(crate) async fn connect<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(link): Path<String>,
    Query(back): Query<Back>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    if !app.reach.is_own_origin(&headers) {
        return Err(Refusal::forbidden("this is for the page of this relay"));
    }
    let link = link.parse().ok();
    let back = back.guest.and_then(|guest| guest.parse().ok()).zip(back.token);
    let visit = door::open(&app, link, back).await?;
    let upgrade = upgrade.max_message_size(MAX_GUEST_SIGNAL_BYTES).max_frame_size(MAX_GUEST_SIGNAL_BYTES);
    let (visit, link) = match (visit, link) {
        (Ok(visit), Some(link)) => (visit, link),
        (Err(closing), _) => return Ok(upgrade.on_upgrade(move |socket| turn_away(socket, Vec::new(), closing))),
        (Ok(_), None) => return Err(Refusal::not_found()),
    };
    let stay = Stay { is_admitted: visit.is_in_call, ends_with_call: visit.row.is_single_use };
    let sitting = app.guests.arrive(link).and_then(|()| app.guests.sit(link, visit.guest, visit.row.call, stay));
    let sitting = sitting.map_err(|_| Refusal::too_many())?;
    let host = reach::host(&headers);
    Ok(upgrade.on_upgrade(move |socket| attend(app, socket, sitting, visit, host)))
}

/// Says what was still to be said, and why it ends.
async fn turn_away(mut socket: WebSocket, left: Vec<ToGuest>, closing: Closing) {
    let _ = tokio::time::timeout(SEND_TIMEOUT, async {
        for message in &left {
            socket.send(frame(message)).await?;
        }
        socket.send(text(&closing.notice())).await?;
        socket.send(Message::Close(None)).await
    })
    .await;
}

/// Serves a guest as long as the connection lasts, and a while longer.
async fn attend<S: Store>(app: Arc<App<S>>, mut socket: WebSocket, sitting: Sitting, visit: Visit, host: Option<Authority>) {
    let why = serve(&app, &mut socket, &sitting, &visit, host).await;
    match why {
        End::Replaced => return,
        End::Closed(closing, left) => turn_away(socket, left, closing).await,
        End::Flood => {
            let frame = CloseFrame { code: close_code::POLICY, reason: "too many signals".into() };
            let _ = tokio::time::timeout(SEND_TIMEOUT, socket.send(Message::Close(Some(frame)))).await;
            linger(&app, &sitting).await;
        }
        End::Broken => {
            drop(socket);
            linger(&app, &sitting).await;
        }
    }
    if app.guests.stand_up(&sitting).is_some()
        && let Err(error) = door::gone(&app, sitting.link, sitting.guest, sitting.call).await
    {
        tracing::warn!(%error, "a guest has gone, but could not be taken out of the call; silence will end it");
    }
}

/// Gives a guest time to come back.
async fn linger<S: Store>(app: &App<S>, sitting: &Sitting) {
    let grace = if app.guests.is_admitted(sitting.link, sitting.guest) { GRACE_IN_CALL } else { GRACE_AT_THE_DOOR };
    tokio::time::sleep(grace).await;
}

/// Why a connection ended.
enum End {
    Replaced,
    Closed(Closing, Vec<ToGuest>),
    Flood,
    Broken,
}

async fn serve<S: Store>(app: &App<S>, socket: &mut WebSocket, sitting: &Sitting, visit: &Visit, host: Option<Authority>) -> End {
    if send(socket, text(&hello(app, sitting, visit))).await.is_err() {
        return End::Broken;
    }
    if visit.is_in_call {
        let notice = GuestNotice::Admitted { ice_servers: app.ice_servers(sitting.call, sitting.guest, host.as_ref()) };
        if send(socket, text(&notice)).await.is_err() {
            return End::Broken;
        }
    }
    let mut signals = Allowance::new(SIGNALS);
    let mut ping = tokio::time::interval(PING);
    let mut heard = Instant::now();
    let left_ms = visit.row.expires_at_ms.saturating_sub(now_ms());
    let expiry = tokio::time::sleep(Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)));
    tokio::pin!(expiry);
    let mut is_expired = false;
    loop {
        let wake = Arc::clone(&sitting.wake);
        match app.guests.next(sitting) {
            Next::Replaced => return End::Replaced,
            Next::Close(closing, left) => return End::Closed(closing, left),
            Next::Send(message) => {
                if send(socket, frame(&message)).await.is_err() {
                    app.guests.put_back(sitting, message);
                    return End::Broken;
                }
                continue;
            }
            Next::Wait => {}
        }
        tokio::select! {
            () = wake.notified() => {}
            incoming = socket.recv() => {
                heard = Instant::now();
                match incoming {
                    None | Some(Err(_) | Ok(Message::Close(_))) => return End::Broken,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(_)) if !signals.take() => return End::Flood,
                    Some(Ok(Message::Binary(signal))) => {
                        if let Err(error) = door::pass_on(app, sitting.link, sitting.guest, Some(signal.to_vec())).await {
                            tracing::warn!(%error, "a guest's signal could not be passed on");
                        }
                    }
                    Some(Ok(Message::Text(_))) => {}
                }
            }
            _ = ping.tick() => {
                if heard.elapsed() > IDLE || send(socket, Message::Ping(Default::default())).await.is_err() {
                    return End::Broken;
                }
                if app.guests.is_admitted(sitting.link, sitting.guest) && !still_in_call(app, sitting).await {
                    return End::Closed(Closing::Ended, Vec::new());
                }
            }
            () = &mut expiry, if !is_expired => {
                is_expired = true;
                if !app.guests.is_admitted(sitting.link, sitting.guest) {
                    return End::Closed(Closing::Expired, Vec::new());
                }
            }
        }
    }
}

/// Notes that the guest is there, in the call and at the TURN server.
async fn still_in_call<S: Store>(app: &App<S>, sitting: &Sitting) -> bool {
    let (call, guest) = (sitting.call, sitting.guest);
    match app.store.write(Caller::Relay, move |unit| Box::pin(unit.see_guest(call, guest, now_ms()))).await {
        Ok(is_in_call) => {
            if is_in_call {
                app.turn_enter(call, guest);
            }
            is_in_call
        }
        // It may be so; the next time tells.
        Err(_) => true,
    }
}

fn hello<S: Store>(app: &App<S>, sitting: &Sitting, visit: &Visit) -> GuestNotice {
    let roster = app.roster(visit.row.workspace);
    let inviter = roster.as_ref().and_then(|roster| roster.user(visit.row.inviter)).map(|user| user.handle.to_string());
    GuestNotice::Hello {
        guest: sitting.guest,
        token: app.guest_tokens.token(sitting.link, sitting.guest),
        workspace: roster.map(|roster| roster.name().to_owned()).unwrap_or_default(),
        inviter: inviter.unwrap_or_default(),
        expires_at_ms: visit.row.expires_at_ms,
    }
}

fn frame(message: &ToGuest) -> Message {
    match message {
        ToGuest::Notice(notice) => text(notice),
        ToGuest::Signal(signal) => Message::Binary(signal.0.clone().into()),
    }
}

fn text(notice: &GuestNotice) -> Message {
    Message::Text(serde_json::to_string(notice).unwrap_or_default().into())
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), ()> {
    match tokio::time::timeout(SEND_TIMEOUT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(()),
    }
}
