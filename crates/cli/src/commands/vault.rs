//! The ways to unlock a home.

use bezel_core::vault::{self, SlotName};
use bezel_core::{Member, Result};
use bezel_crypto::slots::{Cost, RecoveryWords, SlotError};
use serde::Serialize;

use crate::arguments::{Passphrase, Switch, Vault, Words};
use crate::output::Output;
use crate::session::{self, Session};

pub(crate) async fn run(session: &Session, command: Vault, output: &Output) -> Result<()> {
    let member = session.open().await?;
    if matches!(command, Vault::Rekey) {
        return rekey(session, member, output).await;
    }
    let done = change(session, &member, command, output).await;
    member.close().await;
    done
}

async fn change(session: &Session, member: &Member, command: Vault, output: &Output) -> Result<()> {
    match command {
        Vault::Passphrase(Passphrase::Set) => {
            let profile = bezel_core::workspace::profile(member)?;
            let new = session::new_passphrase("BEZEL_NEW_PASSPHRASE", &[&profile.handle, &profile.workspace_name])?;
            vault::set_passphrase(member, &session.unlock()?, &new, Cost::DEFAULT).await?;
            output.done("The new passphrase opens this home; the one before opens it no longer.");
        }
        Vault::Passphrase(Passphrase::Remove) => {
            vault::remove_passphrase(member).await?;
            output.done("No passphrase opens this home any more.");
        }
        Vault::Keychain { to: Switch::On } => {
            vault::keychain_on(member, &session.unlock()?).await?;
            output.done("The keychain opens this home.");
        }
        Vault::Keychain { to: Switch::Off } => {
            vault::keychain_off(member).await?;
            output.done("The keychain opens this home no longer.");
        }
        Vault::Words(Words::New) => {
            let words = vault::new_words()?;
            show(output, &words);
            vault::set_words(member, &session.unlock()?, &words).await?;
            output.note("The new words count from now on; the old ones open nothing any more.");
        }
        Vault::Rekey => {}
    }
    Ok(())
}

async fn rekey(session: &Session, member: Member, output: &Output) -> Result<()> {
    let has_passphrase = vault::slots(&session.home)?.contains(&SlotName::Passphrase);
    let passphrase = if has_passphrase { Some(session::given_passphrase()?.ok_or(SlotError::PassphraseNeeded)?) } else { None };
    let words = vault::new_words()?;
    show(output, &words);
    vault::rekey(member, &session.unlock()?, &words, passphrase.as_ref()).await?;
    output.note("This home has a new master key. The new words count from now on; the old ones open nothing any more.");
    Ok(())
}

/// Before they count: were it the other way, a power cut could leave words that nobody has seen.
fn show(output: &Output, words: &RecoveryWords) {
    #[derive(Serialize)]
    struct NewWords {
        recovery_words: Vec<&'static str>,
    }
    output.object(&NewWords { recovery_words: words.expose().collect() }, |new| {
        let lines: Vec<String> = (1..).zip(&new.recovery_words).map(|(number, word)| format!("{number:2}. {word}")).collect();
        format!(
            "Write these 24 recovery words down; they are shown once, and count once this command has ended well:\n{}",
            lines.join("\n")
        )
    });
}
