/// The numbers of records that have come: the newest, and which of the 63 before it (RFC 6347 §4.1.2.6).
#[derive(Default)]
pub struct Window {
    /// One more than the newest.
    next: u64,
    /// Bit 0 is the newest.
    seen: u64,
}

impl Window {
    pub fn is_new(&self, number: u64) -> bool {
        if number >= self.next {
            return true;
        }
        let age = self.next - 1 - number;
        age < 64 && self.seen & (1 << age) == 0
    }

    pub fn is_newest(&self, number: u64) -> bool {
        number >= self.next
    }

    /// Notes a record whose seal was good.
    pub fn note(&mut self, number: u64) {
        if number >= self.next {
            let steps = number + 1 - self.next;
            self.seen = if steps >= 64 { 1 } else { self.seen << steps | 1 };
            self.next = number + 1;
        } else if self.next - 1 - number < 64 {
            self.seen |= 1 << (self.next - 1 - number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_new_once() {
        let mut window = Window::default();
        for number in [0, 5, 3, 70, 69, 7, 1000] {
            assert!(window.is_new(number), "{number} is new");
            window.note(number);
            assert!(!window.is_new(number), "{number} has come");
        }
        assert!(!window.is_new(900), "it is older than the window");
        assert!(window.is_new(999) && !window.is_newest(999) && window.is_newest(1001));
    }

    #[test]
    fn it_says_what_a_plain_set_says() {
        let mut state = 7u64;
        let mut window = Window::default();
        let mut seen = std::collections::HashSet::new();
        let mut newest = 0;
        for step in 0..20_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = (step / 4 + (state >> 33) % 80).saturating_sub(40);
            let expected = !seen.contains(&number) && (seen.is_empty() || number + 64 > newest);
            assert_eq!(window.is_new(number), expected, "step {step}, number {number}, newest {newest}");
            if expected {
                window.note(number);
                seen.insert(number);
                newest = newest.max(number);
            }
        }
    }
}
