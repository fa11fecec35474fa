//! Fakes of time and chance, and members and a relay in one process.
