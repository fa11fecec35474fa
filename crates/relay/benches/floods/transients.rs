//! Who may only read sends signals of a call, to a member whose sockets read nothing.

use bezel_protocol::CallId;
use bezel_protocol::wire::{MAX_TRANSIENT_BYTES, MessageKind, NewCall, path};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::stage::{AROUND_BYTES, Stage, envelope, hold};
use crate::support::random;

const SOCKETS: usize = 20;
const TRANSIENTS: usize = 70;

pub(crate) async fn send(stage: &Stage) -> String {
    let (ana, ben) = (&stage.shop.ana, &stage.ben);
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        let mut request = format!("{}{}", ana.base.replace("http", "ws"), path::EVENTS).into_client_request().unwrap();
        let bearer = format!("Bearer {}", ana.token.as_ref().unwrap());
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
        sockets.push(tokio_tungstenite::connect_async(request).await.unwrap().0);
    }
    let call = NewCall { call: CallId::from_bytes(random()), conversation: stage.conversation };
    assert_eq!(ana.post(path::CALLS, &call).await.status, 200);
    for _ in 0..TRANSIENTS {
        let large = envelope(ben, MessageKind::Transient, stage.conversation, MAX_TRANSIENT_BYTES - AROUND_BYTES);
        assert_eq!(ben.send(stage.conversation, &large).await.status, 200);
    }
    hold().await
}
