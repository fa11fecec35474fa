//! Files as they are shown: in a message, and in the gallery.

use bezel_protocol::roster::Roster;
use bezel_protocol::{ConversationId, FileId, UserId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::access::known;
use super::source::data_url;
use crate::cache::files::{self, File, Filter, Order};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::search::Needle;

/// A file as it is shown.
#[derive(Debug, Clone, Serialize, TS)]
pub struct FileView {
    /// The file.
    pub id: String,
    /// The conversation.
    pub conversation: String,
    /// The message that announced it.
    pub message: String,
    /// Handle of its sender.
    pub from: String,
    /// Its sender.
    pub user: String,
    /// Whether this member sent it.
    pub mine: bool,
    /// When, by the sender's clock.
    pub sent_at: Timestamp,
    /// Its name, as its sender had it; empty where it is for others.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// What kind of thing it is.
    pub kind: FileKind,
    /// Its size in bytes.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Pixels across, of a picture.
    pub width: Option<u32>,
    /// Pixels down, of a picture.
    pub height: Option<u32>,
    /// A small picture, as a data URL.
    pub thumbnail: Option<String>,
    /// Whether it can be had.
    pub state: FileState,
    /// Whether it may be looked at but not saved.
    pub view_only: bool,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Handles of the people who get it; none for everyone in the conversation.
    pub named: Option<Vec<String>>,
    /// Handles of those who have looked at it, by their signed receipts.
    pub seen_by: Vec<String>,
    /// Handles of those who have saved it, by their signed receipts.
    pub saved_by: Vec<String>,
}

/// Whether a file can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// Yes.
    Available,
    /// It was withdrawn.
    Revoked,
    /// Its time is over.
    Expired,
    /// It is for others.
    NotForYou,
}

/// What kind of thing a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A picture.
    Image,
    /// A video.
    Video,
    /// Sound.
    Audio,
    /// A PDF.
    Pdf,
    /// Anything else.
    Other,
}

/// In which order files are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FileOrder {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// By name.
    Name,
    /// The largest first.
    Largest,
}

/// Which files are listed; what is none does not narrow.
#[derive(Debug, Clone, Default, Deserialize, TS)]
pub struct FileFilter {
    /// Of one conversation.
    pub conversation: Option<String>,
    /// Of one kind.
    pub kind: Option<FileKind>,
    /// Sent by the person with this handle.
    pub from: Option<String>,
    /// Sent at this time or later (RFC 3339).
    pub after: Option<String>,
    /// Sent before this time (RFC 3339).
    pub before: Option<String>,
    /// With this in the name.
    pub name: Option<String>,
    /// In which order.
    #[serde(default)]
    pub order: FileOrder,
}

/// A window on the files.
#[derive(Debug, Clone, Serialize, TS)]
pub struct FilePage {
    /// The files.
    pub files: Vec<FileView>,
    /// Where to go on; none at the end.
    pub next: Option<u32>,
}

const MAX_PAGE: u32 = 200;

/// Up to `limit` files from place `skip` on, of those that this member may see.
///
/// # Errors
/// When the filter names what is not there.
pub async fn list(member: &Member, filter: &FileFilter, skip: u32, limit: u32) -> Result<FilePage> {
    let limit = limit.clamp(1, MAX_PAGE);
    let roster = member.roster();
    let filter = resolve(&roster, filter)?;
    let mut db = member.cache.read().await?;
    let mut found = files::list(&mut db, &filter, skip, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let ids: Vec<FileId> = found.iter().map(|file| file.id).collect();
    let receipts = files::receipts_of(&mut db, &ids).await?;
    let of = |file: &File| receipts.get(&file.id).map_or(&[][..], Vec::as_slice);
    let files = found.iter().map(|file| view(member, &roster, file, of(file))).collect();
    Ok(FilePage { files, next: more.then_some(skip + limit) })
}

/// One file.
///
/// # Errors
/// When it is not known here.
pub async fn show(member: &Member, id: FileId) -> Result<FileView> {
    let file = known(member, id).await?;
    let receipts = files::receipts(&mut *member.cache.read().await?, id).await?;
    Ok(view(member, &member.roster(), &file, &receipts))
}

fn resolve(roster: &Roster, filter: &FileFilter) -> Result<Filter> {
    let conversation = filter.conversation.as_deref().map(str::parse::<ConversationId>).transpose();
    let user = filter.from.as_deref().map(|handle| {
        let user = handle.parse().ok().and_then(|handle| roster.user_by_handle(&handle)).map(|user| user.id);
        user.ok_or_else(|| Error::new("no_such_person", format!("Nobody here is called {handle}."), "Look at the list of people."))
    });
    Ok(Filter {
        conversation: conversation.map_err(|error| Error::new("bad_id", format!("{error}."), "List the conversations."))?,
        user: user.transpose()?,
        media: filter.kind.map_or_else(Vec::new, FileKind::media),
        after_ms: filter.after.as_deref().map(time).transpose()?,
        before_ms: filter.before.as_deref().map(time).transpose()?,
        name: filter.name.as_deref().and_then(Needle::new),
        order: match filter.order {
            FileOrder::Newest => Order::Newest,
            FileOrder::Oldest => Order::Oldest,
            FileOrder::Name => Order::Name,
            FileOrder::Largest => Order::Largest,
        },
    })
}

fn time(text: &str) -> Result<i64> {
    text.parse::<jiff::Timestamp>()
        .map(jiff::Timestamp::as_millisecond)
        .map_err(|_| Error::new("bad_time", format!("{text:?} is no time."), "Write it like 2026-11-24T09:30:00Z."))
}

impl FileKind {
    /// The kind of a media type.
    #[must_use]
    pub fn of(media_type: &str) -> Self {
        [Self::Image, Self::Video, Self::Audio, Self::Pdf]
            .into_iter()
            .find(|kind| kind.media().iter().any(|beginning| media_type.starts_with(beginning)))
            .unwrap_or(Self::Other)
    }

    /// How the media types of this kind begin; of [`Self::Other`], those of documents and archives.
    fn media(self) -> Vec<&'static str> {
        match self {
            Self::Image => vec!["image/"],
            Self::Video => vec!["video/"],
            Self::Audio => vec!["audio/"],
            Self::Pdf => vec!["application/pdf"],
            Self::Other => vec![
                "application/m",
                "application/o",
                "application/v",
                "application/x",
                "application/z",
                "application/j",
                "text/",
                "model/",
                "font/",
            ],
        }
    }
}

/// A file as it is shown.
pub(crate) fn view(member: &Member, roster: &Roster, file: &File, receipts: &[files::Receipt]) -> FileView {
    let handle = |user: UserId| roster.user(user).map_or_else(|| "?".into(), |user| user.handle.to_string());
    let by = |action| {
        let mut people: Vec<String> =
            receipts.iter().filter(|receipt| receipt.action == action).map(|receipt| handle(receipt.user)).collect();
        people.sort();
        people.dedup();
        people
    };
    let picture = file.picture.as_ref();
    FileView {
        id: file.id.to_string(),
        conversation: file.conversation.to_string(),
        message: file.message.to_string(),
        from: handle(file.user),
        user: file.user.to_string(),
        mine: file.user == member.user(),
        sent_at: Timestamp::from_ms(file.sent_at_ms),
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        kind: FileKind::of(&file.media_type),
        size_bytes: file.size_bytes,
        width: picture.map(|picture| picture.width),
        height: picture.map(|picture| picture.height),
        thumbnail: picture.and_then(|picture| picture.thumbnail.as_ref()).map(data_url),
        state: state(member, file),
        view_only: file.view_only,
        expires_at: file.expires_at_ms.map(Timestamp::from_ms),
        named: file.named.as_ref().map(|named| named.iter().copied().map(handle).collect()),
        seen_by: by(bezel_protocol::content::FileAction::Preview),
        saved_by: by(bezel_protocol::content::FileAction::Download),
    }
}

fn state(member: &Member, file: &File) -> FileState {
    if file.revoked_at_ms.is_some() {
        FileState::Revoked
    } else if file.expires_at_ms.is_some_and(|at_ms| at_ms <= member.now_ms()) {
        FileState::Expired
    } else if file.key.is_none() {
        FileState::NotForYou
    } else {
        FileState::Available
    }
}
