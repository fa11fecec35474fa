//! The first entry of a log, judged.

use bezel_protocol::log::Begin;
use mls_rs::extension::ExtensionType;
use mls_rs::external_client::ExternalGroup;
use mls_rs::{Extension, MlsMessage};

use crate::changing::Changing;
use crate::error::{ObserveError, Refused, Right};
use crate::group_id::GroupId;
use crate::judge::Judge;
use crate::keys::{check_keys, check_way_back};
use crate::leaf::Leaf;
use crate::observer::{Config, client};
use crate::roles::ConversationRoles;

/// Checks an entry by which a conversation begins, and takes its group: one leaf, of the device that signed it, whose user is the owner.
pub(crate) fn begin(bytes: &[u8], judge: &Changing) -> Result<(Begin, ExternalGroup<Config>), ObserveError> {
    let malformed = ObserveError::Malformed("beginning of a conversation");
    let begin = Begin::decode(bytes).map_err(|_| malformed.clone())?;
    if !begin.group_info.0.starts_with(&[0, 1]) {
        return Err(malformed);
    }
    let info = MlsMessage::from_bytes(&begin.group_info.0).map_err(|_| malformed.clone())?;
    let held: Vec<_> = info.as_group_info().map_or_else(Vec::new, |info| info.extensions().iter().map(Extension::extension_type).collect());
    if held.len() != 2 || !held.contains(&ExtensionType::EXTERNAL_PUB) || !held.contains(&ExtensionType::RATCHET_TREE) {
        return Err(malformed);
    }
    let extensions = info.as_group_info().map(|info| info.extensions().clone()).unwrap_or_default();
    let group = client(judge).observe_group(info, None, None).map_err(ObserveError::from_library)?;
    let context = group.group_context();
    let id = GroupId::first(begin.conversation());
    if context.group_id() != id.to_bytes() || u16::from(context.cipher_suite()) != begin.suite.code() || context.epoch() != 0 {
        return Err(malformed);
    }
    let leaves: Vec<Leaf> =
        group.roster().members_iter().map(|member| Leaf::read(member.index, &member.signing_identity)).collect::<Result<_, _>>()?;
    let [leaf] = leaves.as_slice() else { return Err(malformed) };
    check(&begin, leaf, &ConversationRoles::read(context.extensions())?, &judge.get())?;
    check_keys(None, &group.exported_tree(), begin.suite)?;
    check_way_back(&extensions, begin.suite)?;
    Ok((begin, group))
}

fn check(begin: &Begin, leaf: &Leaf, roles: &ConversationRoles, judge: &Judge) -> Result<(), ObserveError> {
    if leaf.device() != begin.device || *roles != ConversationRoles::of_owner(leaf.user()) {
        return Err(ObserveError::Malformed("beginning of a conversation"));
    }
    judge.stands(leaf, begin.suite)?;
    let signed = Begin::to_be_signed(begin.device, &begin.random, begin.suite, &begin.group_info.0);
    leaf.certificate().certificate().message_key.verify(&signed, &begin.signature.0).map_err(|_| ObserveError::Signature)?;
    let role = judge.roster().user(leaf.user()).map(|user| user.role);
    if role.is_some_and(bezel_protocol::Role::may_start_conversation) {
        return Ok(());
    }
    Err(Refused::NotAllowed { user: leaf.user(), role, right: Right::Begin }.into())
}
