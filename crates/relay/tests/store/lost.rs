//! What devices tell of stretches that the relay lost.

use bezel_protocol::{DeviceId, Role};
use bezel_relay::store::Store;

use crate::conformance::{CONVERSATION, begin, caller, commit, device};

/// Only the first was ever handed out: one that nobody could answer kept all others from being heard.
pub(crate) async fn each_of_several_that_were_told_is_handed_out(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    for number in [2, 1] {
        let told = store.write(caller(number), move |unit| Box::pin(async move { unit.tell_lost(CONVERSATION, &[number], 1).await }));
        assert!(told.await.unwrap());
    }
    let next = async |after: Option<DeviceId>| {
        let told = store.read(caller(1), move |unit| Box::pin(unit.told_lost(CONVERSATION, after))).await.unwrap();
        told.map(|told| (told.device, told.branch.0))
    };
    assert_eq!(next(None).await, Some((device(1), vec![1])));
    assert_eq!(next(Some(device(1))).await, Some((device(2), vec![2])));
    assert_eq!(next(Some(device(2))).await, None);
}
