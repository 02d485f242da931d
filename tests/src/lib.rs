//! A fabric in a box.
