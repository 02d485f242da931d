//! Names as numbers: each distinct name is stored once, and everything else holds a `u32`.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// A set of names; the n-th one that was new has number n.
#[derive(Clone, Default)]
pub(super) struct Names {
    /// All names, one after the other.
    text: String,
    /// Where each ends in `text`.
    ends: Vec<u32>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// The number of `name`, a new one if it was not there yet. All names together stay below 4 GiB, as the file does.
    #[expect(clippy::cast_possible_truncation, reason = "all names together are no longer than the file, below 4 GiB")]
    pub(super) fn number(&mut self, name: &str) -> u32 {
        let Self { text, ends, numbers, hasher } = self;
        let hash = hasher.hash_one(name.as_bytes());
        let same = |&number: &u32| slice(text, ends, number) == name;
        if let Some(&number) = numbers.find(hash, same) {
            return number;
        }
        let number = ends.len() as u32;
        text.push_str(name);
        ends.push(text.len() as u32);
        numbers.insert_unique(hash, number, |&number| hasher.hash_one(slice(text, ends, number).as_bytes()));
        number
    }

    /// The number of `name`, if it is there.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(name.as_bytes());
        self.numbers.find(hash, |&number| self.name(number) == name).copied()
    }

    /// The name with this number, which this set gave out.
    pub(super) fn name(&self, number: u32) -> &str {
        slice(&self.text, &self.ends, number)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Every name, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..).take(self.len()).map(|number| self.name(number))
    }

    /// Gives back what was reserved for more names.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

fn slice<'a>(text: &'a str, ends: &[u32], number: u32) -> &'a str {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &text[start as usize..ends[number] as usize]
}
