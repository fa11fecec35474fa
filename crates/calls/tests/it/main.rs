//! Calls in real time: between processes, over lines with faults, with the devices of a machine.

mod connection;
mod devices;
mod network;
mod rig;
mod screen;
mod session;
mod turn;

#[test]
#[ignore = "an end of a call, which other tests start"]
fn inside_an_end() {
    assert!(rig::end::run_if_asked());
}
