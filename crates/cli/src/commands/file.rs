//! Files.

use bezel_core::file::{self, FileFilter, FileLogLine, FileProof, FileState, FileView, SaveTo, Share};
use bezel_core::{Error, Member, Result, conversation};
use bezel_protocol::{FileId, Handle, UserId};
use serde::Serialize;

use super::user_id;
use crate::arguments::{File, ListFiles, SendFile};
use crate::output::Output;
use crate::paging::{self, Page};
use crate::progress::{Size, shown};
use crate::terminal::one_line;

pub(crate) async fn run(member: &Member, command: File, output: &Output) -> Result<()> {
    match command {
        File::Send(arguments) => send(member, arguments, output).await,
        File::Get { file, out, replace } => {
            let to = SaveTo { path: out, replace };
            let saved = shown(member, output, file::save(member, file_id(&file)?, &to)).await?;
            output.object(&saved, |saved| one_line(&saved.path));
            Ok(())
        }
        File::List(arguments) => list(member, arguments, output).await,
        File::Log { file } => log(member, &file, output).await,
        File::Revoke { file, from } => revoke(member, &file, &from, output).await,
    }
}

async fn send(member: &Member, arguments: SendFile, output: &Output) -> Result<()> {
    let SendFile { conversation, path, to, view_only, expires } = arguments;
    let named = if to.is_empty() { None } else { Some(users(member, &to)?) };
    let share = Share { named, view_only, expires_at_ms: expires.map(jiff::Timestamp::as_millisecond) };
    let conversation = conversation::named(member, &conversation).await?;
    let sent = shown(member, output, file::send(member, conversation, path, &share)).await?;
    output.object(&sent, |sent| sent.file.clone());
    Ok(())
}

async fn list(member: &Member, arguments: ListFiles, output: &Output) -> Result<()> {
    let ListFiles { conversation, kind, from, after, before, name, order, limit, skip } = arguments;
    let conversation = match conversation {
        Some(conversation) => Some(conversation::named(member, &conversation).await?.to_string()),
        None => None,
    };
    let filter = FileFilter {
        conversation,
        kind: kind.map(Into::into),
        from: from.map(|handle| handle.to_string()),
        after: after.map(|time| time.to_string()),
        before: before.map(|time| time.to_string()),
        name,
        order: order.into(),
    };
    let fetch = async |skip: u32, size: u32| {
        let page = file::list(member, &filter, skip, size).await?;
        Ok(Page { rows: page.files, next: page.next })
    };
    paging::print(output, limit, skip, fetch, line, |skip| format!("the same list with --skip {skip}")).await
}

async fn log(member: &Member, file: &str, output: &Output) -> Result<()> {
    let log = file::log(member, file_id(file)?).await?;
    output.lines(&log.lines, log_line);
    if let Some(problem) = log.problem {
        output.note(&format!("The relay's part of the log is missing: {problem}"));
    }
    Ok(())
}

async fn revoke(member: &Member, file: &str, from: &[Handle], output: &Output) -> Result<()> {
    /// What stands in the place of the file.
    #[derive(Serialize)]
    struct Revoked {
        revoked: String,
        file: Option<String>,
    }
    let id = file_id(file)?;
    let new = if from.is_empty() {
        file::revoke(member, id).await?;
        None
    } else {
        Some(shown(member, output, file::revoke_for(member, id, &users(member, from)?)).await?).filter(|new| *new != id)
    };
    let revoked = Revoked { revoked: id.to_string(), file: new.map(|new| new.to_string()) };
    output.object(&revoked, |revoked| match &revoked.file {
        Some(file) => format!("Withdrawn; the others have it as {file}"),
        None => "Withdrawn".into(),
    });
    Ok(())
}

fn users(member: &Member, handles: &[Handle]) -> Result<Vec<UserId>> {
    handles.iter().map(|handle| user_id(member, handle)).collect()
}

fn file_id(text: &str) -> Result<FileId> {
    text.parse().map_err(|error: bezel_protocol::ids::InvalidId| {
        Error::new("bad_id", format!("{text:?}: {error}."), "List the files: bezel file list.")
    })
}

fn line(file: &FileView) -> String {
    let state = match file.state {
        FileState::Available => "",
        FileState::Revoked => " [withdrawn]",
        FileState::Expired => " [its time is over]",
        FileState::NotForYou => " [for others]",
    };
    format!("{} {} {}: {} ({}){state}", file.id, file.sent_at.as_str(), file.from, one_line(&file.name), Size(file.size_bytes))
}

fn log_line(line: &FileLogLine) -> String {
    let proof = match line.proof {
        FileProof::Signed => "signed",
        FileProof::Relay => "says the relay",
    };
    let bytes = line.bytes.filter(|bytes| *bytes > 0).map_or_else(String::new, |bytes| format!(" {}", Size(bytes)));
    let reason = line.reason.as_deref().map_or_else(String::new, |reason| format!(": {}", one_line(reason)));
    format!("{} {} {}{bytes}{reason} ({proof})", line.at.as_str(), one_line(&line.who), line.action)
}
