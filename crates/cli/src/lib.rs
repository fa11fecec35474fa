//! A member without a window.
