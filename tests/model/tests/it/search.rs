//! Every state of each setting, up to a depth.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bezel_model::judge::Judged;
use bezel_model::member::Member;
use bezel_model::people::Person;
use bezel_model::properties::{self, Property};
use bezel_model::settings;
use bezel_model::world::{Action, Setting, World};
use stateright::{Checker, HasDiscoveries, Model};

/// The depth in the gate: steps behind the beginning, to which each setting adds its own.
const DEPTH: usize = 3;
/// The depth of the long run.
const DEEP: usize = 4;

#[derive(Clone)]
struct Search {
    setting: Arc<Setting>,
    sentences: Arc<[Property]>,
    checked: Arc<AtomicUsize>,
}

impl Model for Search {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(&self.setting)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        actions.extend(world.actions(&self.setting));
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        world.after(&self.setting, &action)
    }

    fn properties(&self) -> Vec<stateright::Property<Self>> {
        vec![stateright::Property::always("every sentence of the protocol holds", |search, world| {
            search.checked.fetch_add(1, Ordering::Relaxed);
            properties::broken(&search.sentences, &search.setting, world).is_none()
        })]
    }
}

/// Searches a setting and says how many states there were, or the trace to the first one that breaks a sentence.
pub(crate) fn search(setting: Setting, depth: usize, sentences: &[Property]) -> Result<usize, String> {
    let search = Search { setting: Arc::new(setting), sentences: sentences.into(), checked: Arc::default() };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let checker = search.clone().checker().threads(threads).target_max_depth(depth + 2).finish_when(HasDiscoveries::Any);
    let checker = checker.spawn_bfs().join();
    let Some(path) = checker.discoveries().into_values().next() else { return Ok(search.checked.load(Ordering::Relaxed)) };
    let mut trace = String::new();
    let last = path.last_state().clone();
    for action in path.into_actions() {
        writeln!(trace, "  {action:?}").unwrap();
    }
    let sentence = properties::broken(&search.sentences, &search.setting, &last).unwrap_or("nothing");
    Err(format!("\"{sentence}\" is broken by\n{trace}{}", told(&search.setting, &last)))
}

/// The relay's logs and the members' state, an entry a line.
pub(crate) fn told(setting: &Setting, world: &World) -> String {
    let mut told = String::new();
    let end = world.settled(setting, &Person::HONEST);
    for (when, world) in [("now", world), ("once it has settled", &end)] {
        let (second, first) = (world.relay.second.as_ref(), &world.relay.first);
        let logs = [("relay", Some(first)), ("relay's second", second), ("Ana", Some(&world.ana.log)), ("Ben", Some(&world.ben.log))];
        for (whose, log) in logs.into_iter().filter_map(|(whose, log)| Some((whose, log?))) {
            let judged = Judged::new(&world.ground(setting), log, |_| false);
            writeln!(told, "{whose}, {when}: {:?}", judged.newest(&world.ground(setting))).unwrap();
            for (place, link) in log.places() {
                writeln!(told, "  {place} {:?} {:?} {:?}", judged.verdict(place), link.stamp, link.bytes).unwrap();
            }
        }
        for one in world.members() {
            let Member { who, outbox, alarmed, stranded, kept, .. } = one;
            writeln!(told, "{who:?}: alarmed {alarmed}, stranded {stranded}, outbox {outbox:?}, kept {kept:?}").unwrap();
        }
    }
    told
}

fn search_all(depth: usize) {
    let mut broken = String::new();
    for (name, further, setting) in settings::all() {
        let depth = depth + further;
        match search(setting, depth, &properties::ALL) {
            Ok(states) => eprintln!("{name}: {states} states to depth {depth}"),
            Err(trace) => writeln!(broken, "{name}: {trace}").unwrap(),
        }
    }
    assert!(broken.is_empty(), "{broken}");
}

fn depth(or: usize) -> usize {
    std::env::var("BEZEL_MODEL_DEPTH").map_or(or, |depth| depth.parse().expect("BEZEL_MODEL_DEPTH is a number of steps"))
}

/// The sentences hold in every state that so many steps can reach, whatever the relay and Mal do.
#[test]
fn every_sentence_holds_in_every_state_near_the_beginning() {
    search_all(depth(DEPTH));
}

/// The same, deeper; for the long run.
#[test]
#[ignore = "takes long"]
fn every_sentence_holds_in_every_state_far_from_the_beginning() {
    search_all(depth(DEEP));
}

/// The names that the properties page uses exist once.
#[test]
fn each_sentence_has_one_property() {
    let mut names = properties::ALL.map(|Property { name, .. }| name).to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), properties::ALL.len(), "a sentence is named once");
}
