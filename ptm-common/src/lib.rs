//! What the kernel half and the user half share: the frame record, the settings, the counters.
//!
//! Plain data with a fixed layout, no dependency that the kernel half can't build, no logic.
#![no_std]
