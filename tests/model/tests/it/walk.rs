//! Random walks over everything at once, far deeper than the search. A failure prints the seed and the whole walk.

use bezel_model::properties;
use bezel_model::settings;
use bezel_model::world::{Action, Setting, World};

use crate::search::told;

/// Steps of all walks in the gate together.
const STEPS: u32 = 100_000;
/// Steps after which a walk ends, if nothing more is possible.
const WALK: u32 = 60;

/// After so many steps it is asked too what becomes of the state.
const EVERY: u32 = 15;

/// `splitmix64`: the same walk for the same seed on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let at = self.next() % u64::try_from(of.len()).unwrap();
        &of[usize::try_from(at).unwrap()]
    }
}

/// Takes an action of a random kind, so that the many things that Mal may sign don't crowd out the rest.
fn step(world: &World, setting: &Setting, chance: &mut Chance) -> Option<(Action, World)> {
    let mut actions = world.actions(setting);
    while !actions.is_empty() {
        let mut kinds: Vec<_> = actions.iter().map(std::mem::discriminant).collect();
        kinds.dedup();
        let kind = *chance.pick(&kinds);
        let of_kind: Vec<_> = actions.iter().filter(|action| std::mem::discriminant(*action) == kind).collect();
        let action = (*chance.pick(&of_kind)).clone();
        if let Some(next) = world.after(setting, &action) {
            return Some((action, next));
        }
        actions.retain(|other| *other != action);
    }
    None
}

/// Every sentence holds on the way, whatever happens; `BEZEL_MODEL_SEED` begins with another walk, `BEZEL_MODEL_STEPS` goes
/// on for longer.
#[test]
fn every_sentence_holds_on_random_walks() {
    let number = |name, or| std::env::var(name).map_or(or, |given| given.parse().expect("a number"));
    let mut seed = number("BEZEL_MODEL_SEED", 1);
    let mut left = number("BEZEL_MODEL_STEPS", u64::from(STEPS));
    let setting = settings::everything();
    while left > 0 {
        let mut chance = Chance(seed);
        let mut world = World::new(&setting);
        let mut walked = Vec::new();
        for steps in 1..=WALK {
            let Some((action, next)) = step(&world, &setting, &mut chance) else { break };
            walked.push(action);
            world = next;
            left = left.saturating_sub(1);
            // What becomes of a state takes long to find out, and what is stuck stays so.
            let sentences = if steps % EVERY == 0 { &properties::ALL[..] } else { &properties::AT_ONCE[..] };
            if let Some(sentence) = properties::broken(sentences, &setting, &world) {
                let walk: Vec<_> = walked.iter().map(|action| format!("  {action:?}")).collect();
                panic!("seed {seed}: \"{sentence}\" is broken by\n{}\n{}", walk.join("\n"), told(&setting, &world));
            }
        }
        seed += 1;
    }
}
