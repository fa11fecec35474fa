//! Groups, envelopes and keys as members use them, as others break them, and as the standards write them.

mod attacks;
mod careless;
mod envelopes;
mod fixture;
mod groups;
mod manifests;
mod openmls;
mod parsers;
mod rfc9420;
mod silence;
mod slots;
mod unusable_keys;
mod wycheproof;
