//! Where a type's fields stand in JSON: worked out once a type, so that reading an event is one walk over its members.

use trapjaw_event::{EventType, Field, FieldId};

/// The step that leads to the data of `CloudEvents`.
const DATA: &str = "data";

/// The places of a type's fields, in each form of an event.
#[derive(Debug)]
pub(super) struct Places {
    /// In `CloudEvents`, from the value of `data`.
    pub(super) cloud: Tree,
    /// In the short form, from the object, if it has an object `data`.
    pub(super) nested: Tree,
    /// In the short form, from the object, if it has none.
    pub(super) flat: Tree,
}

/// Places as a tree of steps. Place 0 is the root.
#[derive(Debug)]
pub(super) struct Tree {
    places: Vec<Place>,
}

/// One place: what is read there, and where it leads to.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The fields that are read here; more than one if they name the same place.
    pub(super) fields: Vec<FieldId>,
    /// The steps from here, ordered by name.
    steps: Vec<(Box<str>, u32)>,
}

impl Places {
    pub(super) fn of(ty: &EventType) -> Self {
        let mut places = Self {
            cloud: Tree::new(),
            nested: Tree::new(),
            flat: Tree::new(),
        };
        for (index, field) in ty.fields.iter().enumerate() {
            let id =
                FieldId::from_index(index).expect("a registered type has no more fields than ids");
            let path = path(field);
            match path.split_first() {
                Some((&DATA, within)) if field.path.is_some() => {
                    places.cloud.add(id, within);
                    places.nested.add(id, &path);
                    // A field at `data` itself stands there also where it is no object.
                    places
                        .flat
                        .add(id, if within.is_empty() { &path } else { within });
                }
                _ => {
                    places.cloud.add(id, &path);
                    places.nested.add(id, &path);
                    places.flat.add(id, &path);
                }
            }
        }
        places
    }
}

impl Tree {
    fn new() -> Self {
        Self {
            places: vec![Place::default()],
        }
    }

    fn add(&mut self, field: FieldId, path: &[&str]) {
        let mut at = 0;
        for &step in path {
            let end = self.places.len();
            let steps = &mut self.places[at].steps;
            at = match steps.binary_search_by(|(name, _)| (**name).cmp(step)) {
                Ok(found) => steps[found].1 as usize,
                Err(gap) => {
                    steps.insert(gap, (step.into(), end as u32));
                    self.places.push(Place::default());
                    end
                }
            };
        }
        self.places[at].fields.push(field);
    }

    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn place(&self, at: usize) -> &Place {
        &self.places[at]
    }
}

impl Place {
    /// Where this step leads.
    pub(super) fn step(&self, name: &str) -> Option<usize> {
        let found = self
            .steps
            .binary_search_by(|(step, _)| (**step).cmp(name))
            .ok()?;
        Some(self.steps[found].1 as usize)
    }

    /// Does any step lead on?
    pub(super) fn leads_on(&self) -> bool {
        !self.steps.is_empty()
    }
}

fn path(field: &Field) -> Vec<&str> {
    match &field.path {
        Some(path) => path.iter().map(|step| &**step).collect(),
        None => vec![&*field.name],
    }
}
