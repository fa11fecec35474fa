//! What can be asked of the ways to unlock a home.

use clap::{Subcommand, ValueEnum};

#[derive(Subcommand)]
pub(crate) enum Vault {
    /// The passphrase.
    #[command(subcommand)]
    Passphrase(Passphrase),
    /// The system's keychain: whether it holds the key.
    Keychain {
        /// Which.
        #[arg(value_enum)]
        to: Switch,
    },
    /// The recovery words.
    #[command(subcommand)]
    Words(Words),
    /// Makes a new master key and new recovery words, and re-encrypts the database; the old key and words no longer open it. A passphrase
    /// stays, and is taken from BEZEL_PASSPHRASE.
    Rekey,
}

#[derive(Subcommand)]
pub(crate) enum Passphrase {
    /// Sets the passphrase in BEZEL_NEW_PASSPHRASE, in place of the one that is there.
    Set,
    /// Forgets it.
    Remove,
}

#[derive(Subcommand)]
pub(crate) enum Words {
    /// Makes new recovery words; the old ones open nothing any more.
    New,
}

/// On or off.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}
