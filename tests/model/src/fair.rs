//! What becomes of a state once the relay is honest and everyone who comes goes on: no lies, no new wishes.

use crate::people::{ByPerson, People, Person};
use crate::relay::{Branch, Healing};
use crate::world::{Action, Fate, Setting, World};

/// Rounds after which nothing can change any more.
const ROUNDS: u8 = 40;

impl World {
    /// The state after the operator has put the relay right and these members came by, again and again.
    #[must_use]
    pub fn settled(&self, setting: &Setting, come: &[Person]) -> Self {
        let mut world = self.clone();
        world.relay.shows = ByPerson { ana: Branch::First, ben: Branch::First, mal: Branch::First };
        world.heal(setting, come);
        for _ in 0..ROUNDS {
            let before = world.clone();
            for who in come {
                // Mal's last word is as bad as it can be.
                let opens = if world.may_mislead(setting, &world.relay.first) { People::NONE } else { People::ALL };
                let (back, answer) = (Action::Return(*who, opens, Fate::Taken), Action::Answer(*who, Fate::Taken));
                for action in [Action::Sync(*who, None), Action::Recover(*who, opens), back, answer] {
                    world.step(setting, &action);
                }
                world.step(setting, &Action::Sync(*who, None));
                world.step(setting, &Action::SendAgain(*who, Fate::Taken));
            }
            if world == before {
                break;
            }
        }
        world
    }

    /// A relay whose log contradicts a member says that it begins a new generation; then all offer what they have.
    fn heal(&mut self, setting: &Setting, come: &[Person]) {
        let first = &self.relay.first;
        let contradicts = self.members().any(|one| {
            let common = one.log.common(first);
            common < one.log.len() && !crate::member::restored_behind(first, common)
        });
        if contradicts && self.relay.healing != Healing::Offers {
            let all = self.relay.first.len();
            self.relay.put_back(all, true);
        }
        for who in come.iter().chain(come) {
            self.step(setting, &Action::Offer(*who));
        }
        self.step(setting, &Action::CloseOffers);
        self.step(setting, &Action::Day);
    }

    /// None of these actions leaves anything half done where it isn't possible.
    fn step(&mut self, setting: &Setting, action: &Action) {
        let _possible = self.act(setting, action);
    }
}
