//! PTM workshop.

fn main() {}
