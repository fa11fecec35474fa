//! The page of a guest, as the interface was built, inside this program.

/// A file of it.
#[derive(Clone, Copy)]
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) content: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/guest_page.rs"));

/// What the page loads, by name.
pub(crate) fn asset(name: &str) -> Option<File> {
    ASSETS.iter().find(|file| file.name == name).copied()
}
