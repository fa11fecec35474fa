//! What a malicious member signs with their own key.

use crate::judge::{Ground, Judged};
use crate::log::{Body, Change, Digest, Era, Log, Seen, Signed};
use crate::people::{People, Person};

/// Everything that is worth signing against this log: true fields, and each false field by itself.
#[must_use]
pub fn all(ground: &Ground<'_>, log: &Log, judged: &Judged) -> Vec<Signed> {
    let view = judged.newest(ground);
    let newest = log.newest();
    let eras = eras(ground, log, judged);
    let mut all = Vec::new();
    let mut sign = |era: Era, seen: Seen, head: u8, body: Body| {
        let signed = Signed { author: Person::Mal, era, seen, head, body };
        if !all.contains(&signed) {
            all.push(signed);
        }
    };

    for body in bodies() {
        for head in [ground.roster.head(), 0] {
            sign(view.era, newest, head, body.clone());
        }
    }
    // Of an old epoch, at the place where it was the newest, as from before a removal.
    for (era, seen) in eras {
        for body in [Body::Envelope { id: 0, text: 0 }, Body::Leave] {
            sign(era, seen, 0, body);
        }
    }
    let false_seen = Seen { place: newest.place, chain: Digest::of(&"false") };
    let ahead = Seen { place: newest.place + 1, chain: Digest::of(&"ahead") };
    for seen in [false_seen, ahead] {
        sign(view.era, seen, ground.roster.head(), Body::Envelope { id: 0, text: 0 });
    }
    all
}

fn bodies() -> Vec<Body> {
    let mut bodies = vec![Body::Envelope { id: 0, text: 0 }, Body::Envelope { id: 0, text: 1 }, Body::Leave];
    let commit = |change, opens| Body::Commit { change, opens };
    let honest = Person::HONEST;
    bodies.push(commit(Change::Rotate, People::NONE));
    bodies.extend(honest.map(|who| commit(Change::Rotate, People::ALL.without(who))));
    bodies.extend(honest.map(|who| commit(Change::Remove(who), People::NONE)));
    bodies.extend(honest.map(|who| commit(Change::Remove(who), People::ALL)));
    bodies.extend(honest.map(|who| commit(Change::Demote(who), People::ALL)));
    bodies.extend([People::NONE, People::ALL].map(|opens| commit(Change::Return(Person::Mal), opens)));
    bodies.extend(honest.map(|who| commit(Change::Return(who), People::ALL)));
    bodies
}

fn eras(ground: &Ground<'_>, log: &Log, judged: &Judged) -> Vec<(Era, Seen)> {
    let mut eras = vec![(judged.view(ground, 1).era, log.seen(1))];
    for (place, _) in log.places() {
        let era = judged.view(ground, place).era;
        if eras.iter().all(|(known, _)| *known != era) {
            eras.push((era, log.seen(place)));
        }
    }
    eras
}
