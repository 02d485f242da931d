//! Kernel half.
#![no_std]
