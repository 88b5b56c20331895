/// Values by small numbers. A number is used again, the one freed last first; its generation distinguishes the holders.
pub struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    limit: u32,
}

struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Slab<T> {
    /// Numbers are below `limit`.
    pub fn new(limit: u32) -> Self {
        Slab { slots: Vec::new(), free: Vec::new(), limit }
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no number is free.
    pub fn is_full(&self) -> bool {
        self.free.is_empty() && self.slots.len() >= self.limit as usize
    }

    /// The number that the next value gets.
    pub fn next(&self) -> u32 {
        self.free.last().copied().unwrap_or(self.slots.len() as u32)
    }

    /// The number and the generation of the value's place.
    ///
    /// # Panics
    /// When the slab is full.
    pub fn insert(&mut self, value: T) -> (u32, u32) {
        assert!(!self.is_full(), "all {} numbers are taken", self.limit);
        let number = self.next();
        self.free.pop();
        if number as usize == self.slots.len() {
            self.slots.push(Slot { generation: 0, value: None });
        }
        let slot = &mut self.slots[number as usize];
        slot.value = Some(value);
        (number, slot.generation)
    }

    pub fn get(&mut self, number: u32) -> Option<&mut T> {
        self.slots.get_mut(number as usize)?.value.as_mut()
    }

    /// The value, if the place still has the holder that got `generation`.
    pub fn get_of(&mut self, number: u32, generation: u32) -> Option<&mut T> {
        let slot = self.slots.get_mut(number as usize)?;
        if slot.generation == generation { slot.value.as_mut() } else { None }
    }

    /// The generation of the place's present or next holder.
    pub fn generation(&self, number: u32) -> u32 {
        self.slots.get(number as usize).map_or(0, |slot| slot.generation)
    }

    pub fn remove(&mut self, number: u32) -> Option<T> {
        let slot = self.slots.get_mut(number as usize)?;
        let value = slot.value.take()?;
        slot.generation = (slot.generation + 1) & GENERATION_MASK;
        self.free.push(number);
        Some(value)
    }

    /// The numbers in use, ascending.
    pub fn numbers(&self) -> Vec<u32> {
        let taken = self.slots.iter().enumerate().filter(|(_, slot)| slot.value.is_some());
        taken.map(|(number, _)| number as u32).collect()
    }
}

/// Generations share a word with a tag in what epoll carries.
pub const GENERATION_MASK: u32 = (1 << 28) - 1;
