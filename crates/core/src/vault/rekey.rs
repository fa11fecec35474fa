//! A new master key, and how a home opens whose change of keys was cut off.
//!
//! Two files must change together, the database and its slots. So the new slots are written beside the old ones first, then the database is
//! encrypted under the new key in one transaction, then the new slots take the place of the old. Which slots count is what the database says:
//! those whose master key opens it.

use bezel_crypto::SystemRng;
use bezel_crypto::slots::{MasterKey, Passphrase, RecoveryWords, SlotFile};

use super::change::announce_words;
use super::unlock::{Unlock, read, read_file, unlock};
use super::{id_bytes, keychain};
use crate::cache::{self, Cache};
use crate::error::{Error, Result};
use crate::home::{Home, rename_durably, write_private_file};
use crate::member::Member;

/// Makes a new master key: the database is encrypted anew, and every slot opens to the new key. The old key, and the old words, open nothing any
/// more; a passphrase stays, and is given again as `passphrase`. Closes the member.
///
/// # Errors
/// When `by` does not open the home, the passphrase is missing or another, the relay or the keychain can't be reached, or the disk refuses.
/// Cut off at any moment, the home opens by its old slots or by its new ones.
pub async fn rekey(member: Member, by: &Unlock, words: &RecoveryWords, passphrase: Option<&Passphrase>) -> Result<()> {
    let change = Rekey::prepare(&member, by, words, passphrase).await?;
    let (home, _lock) = member.close_and_hold().await;
    change.write_slots(&home)?;
    change.encrypt(&home).await?;
    take_next(&home).await
}

/// A change of keys, one step after the other.
struct Rekey {
    old: MasterKey,
    new: MasterKey,
    slots: SlotFile,
}

impl Rekey {
    async fn prepare(member: &Member, by: &Unlock, words: &RecoveryWords, passphrase: Option<&Passphrase>) -> Result<Self> {
        let _work = member.work.lock().await;
        let file = read(&member.home)?;
        let old = unlock(&file, by).await?;
        let new = MasterKey::generate(&mut SystemRng)?;
        let mut slots = file.rekeyed(&new, words, passphrase, &mut SystemRng)?;
        announce_words(member, words).await?;
        if file.keychain().is_some() {
            // An entry of its own: the old one must open until the new one does.
            let change: String = id_bytes::<10>(&mut SystemRng)?.iter().map(|byte| format!("{byte:02x}")).collect();
            let account = format!("device-{}-{change}", member.device());
            keychain::set(&account, new.secret()).await.map_err(|missing| keychain::unusable(&missing))?;
            slots.set_keychain(keychain::SERVICE, account, &new)?;
        }
        Ok(Self { old, new, slots })
    }

    fn write_slots(&self, home: &Home) -> Result<()> {
        write_private_file(&home.next_slots(), &self.slots.to_bytes())
    }

    async fn encrypt(&self, home: &Home) -> Result<()> {
        cache::rekey(&home.database(), &self.old.database_key()?, &self.new.database_key()?).await
    }
}

/// Opens the database of a home. A change of keys that was cut off is finished, or taken back.
pub(crate) async fn open_database(home: &Home, by: &Unlock) -> Result<Cache> {
    let opened = open_by(home, &read(home), by).await;
    if !home.next_slots().exists() {
        return opened;
    }
    match opened {
        Ok(cache) => {
            drop_next(home).await;
            Ok(cache)
        }
        Err(error) => match open_by(home, &read_file(&home.next_slots()), by).await {
            Ok(cache) => {
                take_next(home).await?;
                Ok(cache)
            }
            // The slots that the secret does not open say more than a database that another key opens.
            Err(next) if DOES_NOT_OPEN.contains(&error.code) => Err(next),
            Err(_) => Err(error),
        },
    }
}

/// The codes of a database that does not open with a key. Where its log already holds the pages under the other one, the file looks damaged.
const DOES_NOT_OPEN: [&str; 2] = ["wrong_key", "database_damaged"];

async fn open_by(home: &Home, file: &Result<SlotFile>, by: &Unlock) -> Result<Cache> {
    let file = file.as_ref().map_err(Error::clone)?;
    let master = unlock(file, by).await?;
    Cache::open(&home.database(), &master.database_key()?, false).await
}

/// The new slots count.
async fn take_next(home: &Home) -> Result<()> {
    let old = read(home).ok();
    rename_durably(&home.next_slots(), &home.slots())?;
    forget_entry(old.as_ref(), read(home).ok().as_ref()).await;
    Ok(())
}

/// The old slots count.
async fn drop_next(home: &Home) {
    let next = read_file(&home.next_slots()).ok();
    // Left lying, the file is looked at and dropped at the next start.
    let _ = std::fs::remove_file(home.next_slots());
    forget_entry(next.as_ref(), read(home).ok().as_ref()).await;
}

/// Deletes the entry of the keychain that `gone` names, unless `kept` does too.
async fn forget_entry(gone: Option<&SlotFile>, kept: Option<&SlotFile>) {
    if let Some(slot) = gone.and_then(SlotFile::keychain)
        && kept.and_then(SlotFile::keychain).is_none_or(|kept| kept.account != slot.account)
    {
        keychain::delete(&slot.service, &slot.account).await;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use bezel_crypto::slots::{Cost, NewPassphrase};
    use sqlx::{ConnectOptions as _, Connection as _};
    use tempfile::TempDir;

    use super::*;
    use crate::vault::{NewSlots, create};

    const PASSPHRASE: &str = "ruby lantern under a quiet bridge";

    /// A home with something in its database, and a change of its keys that has not begun.
    struct Cut {
        folder: TempDir,
        change: Rekey,
        old_words: RecoveryWords,
        new_words: RecoveryWords,
    }

    impl Cut {
        async fn prepared() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let home = Home::new(folder.path());
            let passphrase = NewPassphrase::choose(PASSPHRASE.into(), &[]).unwrap();
            let new = NewSlots { keychain: false, passphrase: Some(passphrase), cost: Cost::new(64, 1, 1).unwrap() };
            let (old, old_words) = create(&home, bezel_protocol::DeviceId::from_bytes([1; 16]), &new).await.unwrap();
            let cache = Cache::open(&home.database(), &old.database_key().unwrap(), true).await.unwrap();
            let mut tx = cache.begin().await.unwrap();
            sqlx::query("INSERT INTO enrolment (one, data) VALUES (1, $1)").bind(vec![7_u8; 300_000]).execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
            cache.close().await;
            let new_words = RecoveryWords::generate(&mut SystemRng).unwrap();
            let new = MasterKey::generate(&mut SystemRng).unwrap();
            let passphrase = Passphrase::parse(PASSPHRASE.into()).unwrap();
            let slots = read(&home).unwrap().rekeyed(&new, &new_words, Some(&passphrase), &mut SystemRng).unwrap();
            Self { folder, change: Rekey { old, new, slots }, old_words, new_words }
        }

        fn home(&self) -> Home {
            Home::new(self.folder.path())
        }

        /// What a kill at this moment leaves opens by the passphrase and by one set of words, and stays so.
        async fn killed_opens(&self, is_new: bool, moment: &str) {
            let words = |words: &RecoveryWords| RecoveryWords::parse(&words.expose().collect::<Vec<_>>().join(" ")).unwrap();
            let passphrase = || Unlock::Passphrase(Passphrase::parse(PASSPHRASE.into()).unwrap());
            let (right, wrong) = if is_new { (&self.new_words, &self.old_words) } else { (&self.old_words, &self.new_words) };
            for first in [passphrase(), Unlock::RecoveryWords(words(right))] {
                let left = copy(self.folder.path());
                let home = Home::new(left.path());
                let refused = open_database(&home, &Unlock::RecoveryWords(words(wrong))).await.unwrap_err();
                assert_eq!(refused.code, "wrong_words", "{moment}");
                let cache = open_database(&home, &first).await.unwrap_or_else(|error| panic!("{moment}: {error}"));
                let mut db = cache.read().await.unwrap();
                let bytes: i64 = sqlx::query_scalar("SELECT length(data) FROM enrolment").fetch_one(&mut *db).await.unwrap();
                assert_eq!(bytes, 300_000, "{moment}: the database is whole");
                drop(db);
                cache.close().await;
                assert!(!home.next_slots().exists(), "{moment}: it is settled");
                for again in [passphrase(), Unlock::RecoveryWords(words(right))] {
                    open_database(&home, &again).await.unwrap().close().await;
                }
            }
        }
    }

    fn copy(from: &Path) -> TempDir {
        let to = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
        }
        to
    }

    /// Database and slots are two files: a power cut between them must lock nobody out.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_change_of_keys_killed_after_any_step_leaves_a_home_that_opens() {
        let cut = Cut::prepared().await;
        cut.killed_opens(false, "before anything").await;
        cut.change.write_slots(&cut.home()).unwrap();
        cut.killed_opens(false, "the new slots lie beside the old").await;
        cut.change.encrypt(&cut.home()).await.unwrap();
        cut.killed_opens(true, "the database is encrypted anew").await;
        take_next(&cut.home()).await.unwrap();
        cut.killed_opens(true, "all is done").await;
    }

    /// The write-ahead log holds every page under the new key, and counts only with its last frame.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_change_of_keys_killed_while_the_database_is_written_leaves_the_old_or_the_new() {
        let cut = Cut::prepared().await;
        let home = cut.home();
        cut.change.write_slots(&home).unwrap();
        let (old, new) = (cut.change.old.database_key().unwrap(), cut.change.new.database_key().unwrap());
        let mut connection = cache::options(&home.database(), &old, false).connect().await.unwrap();
        cache::rekey_by(&mut connection, &new).await.unwrap();
        // The connection stays open, as it was when the power went.
        let wal = home.folder().join("member.db-wal");
        let written = std::fs::read(&wal).unwrap();
        cut.killed_opens(true, "the last frame is written").await;
        for kept in [0, 32, 5_000, written.len() / 2, written.len() - 1] {
            let left =
                Cut { folder: copy(home.folder()), change: cut.same(), old_words: cut.same_words(false), new_words: cut.same_words(true) };
            std::fs::write(left.folder.path().join("member.db-wal"), &written[..kept]).unwrap();
            left.killed_opens(false, &format!("{kept} of {} bytes are written", written.len())).await;
        }
        connection.close().await.unwrap();
    }

    impl Cut {
        fn same(&self) -> Rekey {
            let again = |key: &MasterKey| MasterKey::from_secret(bezel_crypto::Secret::from_slice(key.secret().expose()).unwrap());
            Rekey { old: again(&self.change.old), new: again(&self.change.new), slots: self.change.slots.clone() }
        }

        fn same_words(&self, is_new: bool) -> RecoveryWords {
            let words = if is_new { &self.new_words } else { &self.old_words };
            RecoveryWords::parse(&words.expose().collect::<Vec<_>>().join(" ")).unwrap()
        }
    }
}
