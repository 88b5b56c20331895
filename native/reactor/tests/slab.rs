//! The table of connections against a plain map.

mod model;

use std::collections::{BTreeMap, HashSet};

use model::Random;
use reactor::Slab;

const LIMIT: u32 = 40;

#[test]
fn behaves_as_a_map_that_never_gives_two_holders_the_same_number_and_generation() {
    let mut random = Random::start("slab");
    let mut slab = Slab::new(LIMIT);
    let mut model: BTreeMap<u32, (u32, usize)> = BTreeMap::new();
    let mut gone: Vec<(u32, u32)> = Vec::new();
    let mut holders = HashSet::new();
    for step in 0..50_000 {
        assert_eq!(slab.is_full(), model.len() == LIMIT as usize);
        if !slab.is_full() && random.below(2) == 0 {
            let (number, generation) = slab.insert(step);
            assert!(number < LIMIT);
            assert!(holders.insert((number, generation)), "{number} of generation {generation} was given twice");
            assert!(model.insert(number, (generation, step)).is_none(), "{number} is taken");
        } else {
            let number = random.below(LIMIT as usize + 2) as u32;
            let removed = model.remove(&number);
            assert_eq!(slab.remove(number), removed.map(|(_, value)| value));
            gone.extend(removed.map(|(generation, _)| (number, generation)));
        }
        assert_eq!(slab.len(), model.len());
        for (&number, &(generation, value)) in &model {
            assert_eq!(slab.get(number).copied(), Some(value));
            assert_eq!(slab.get_of(number, generation).copied(), Some(value));
        }
        if !gone.is_empty() {
            let (number, generation) = gone[random.below(gone.len())];
            assert_eq!(slab.get_of(number, generation), None, "an event that is late must find nobody");
        }
    }
    assert_eq!(slab.numbers(), model.keys().copied().collect::<Vec<_>>());
}

#[test]
fn uses_the_number_freed_last_first() {
    let mut slab = Slab::new(8);
    for value in 0..5 {
        assert_eq!(slab.insert(value), (value, 0));
    }
    slab.remove(1);
    slab.remove(3);
    assert_eq!(slab.insert(10), (3, 1));
    assert_eq!(slab.insert(11), (1, 1));
    assert_eq!(slab.insert(12), (5, 0));
}
