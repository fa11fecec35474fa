//! Members and a relay in one process, what they go through, and who tries to harm them. One program: each of its own would be compiled with all
//! that members and the relay do.

mod ages;
mod attacks;
mod call_attacks;
mod call_devices;
mod call_guests;
mod call_links;
mod calls;
mod commits;
mod copied;
mod endless_relay;
mod files;
mod first_run;
mod leaving;
mod log;
mod lying_relay;
mod own_machine;
mod restored_relay;
mod search;
mod shop;
mod trust;
mod walk;
