//! Who may know whom.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::tree::{Package, TREE};

/// Each crate with the crates of the house that it may need.
const ALLOWED: &[(&str, &[&str])] = &[
    ("trapjaw-event", &[]),
    ("trapjaw-program", &["trapjaw-event"]),
    ("trapjaw-dsl", &["trapjaw-event", "trapjaw-program"]),
    ("trapjaw-engine", &["trapjaw-event", "trapjaw-program"]),
    ("trapjaw-heap", &[]),
    ("trapjaw-wire", &["trapjaw-event"]),
    ("trapjaw-client", &["trapjaw-event", "trapjaw-wire"]),
    (
        "trapjaw-data",
        &[
            "trapjaw-event",
            "trapjaw-program",
            "trapjaw-engine",
            "trapjaw-wire",
        ],
    ),
    (
        "trapjaw-control",
        &[
            "trapjaw-event",
            "trapjaw-program",
            "trapjaw-engine",
            "trapjaw-dsl",
            "trapjaw-wire",
            "trapjaw-client",
            "trapjaw-data",
        ],
    ),
    (
        "trapjaw-lsp",
        &["trapjaw-dsl", "trapjaw-engine", "trapjaw-control"],
    ),
    (
        "trapjaw",
        &[
            "trapjaw-event",
            "trapjaw-program",
            "trapjaw-engine",
            "trapjaw-dsl",
            "trapjaw-wire",
            "trapjaw-client",
            "trapjaw-data",
            "trapjaw-control",
            "trapjaw-lsp",
            "trapjaw-heap",
        ],
    ),
];

/// Crates that test and measure the house, and may know all of it. Nobody needs them.
const OUTSIDE: &[&str] = &[
    "trapjaw-benches",
    "trapjaw-fuzz",
    "trapjaw-libfuzzer",
    "trapjaw-tests",
];

/// Crates that may be async: the control plane, what it is wired up in, and what asks it for plans.
const ASYNC: &[&str] = &["trapjaw-control", "trapjaw-lsp", "trapjaw"];

/// Libraries that bring threads, a reactor or an executor of their own.
const RUNTIMES: &[&str] = &[
    "actix-rt",
    "async-executor",
    "async-global-executor",
    "async-io",
    "async-std",
    "compio",
    "embassy-executor",
    "futures-executor",
    "glommio",
    "mio",
    "monoio",
    "smol",
    "tokio",
    "tokio-uring",
];

/// What is wrong with a crate's edges.
fn forbidden_edges(package: &Package) -> Vec<String> {
    if OUTSIDE.contains(&&*package.name) {
        return Vec::new();
    }
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
        return vec![format!(
            "{}: the crate `{}` has no line in `ALLOWED` (tests/tests/tidy/edges.rs): say there whom it may know, as \
             docs/architecture does",
            package.folder, package.name
        )];
    };
    let needed = package.dependencies().into_iter();
    let house = needed.filter(|name| *name == "trapjaw" || name.starts_with("trapjaw-"));
    house
        .filter(|name| !allowed.contains(&&**name))
        .map(|name| {
            format!(
                "{}/Cargo.toml: `{}` must not know `{name}`: move what it needs to a crate below both, or hand it in \
                 as data",
                package.folder, package.name
            )
        })
        .collect()
}

/// A locked package's name and version.
type Locked = (String, String);

/// Every locked package with those it needs. Of packages from elsewhere the lock file has no tests' needs.
fn locked(lock: &Table) -> BTreeMap<Locked, Vec<Locked>> {
    let packages = lock["package"].as_array().expect("the lock lists packages");
    let text = |package: &Value, key| package[key].as_str().expect("a text").to_owned();
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages {
        let name = text(package, "name");
        let version = text(package, "version");
        versions.entry(name).or_default().push(version);
    }
    let needs = |package: &Value| {
        let list = package.get("dependencies").and_then(Value::as_array);
        let list = list.into_iter().flatten().filter_map(Value::as_str);
        list.map(|need| {
            // The version is there only where the name alone would not tell.
            let mut words = need.split(' ');
            let name = words.next().expect("a name").to_owned();
            let version = words
                .next()
                .map_or_else(|| versions[&name][0].clone(), str::to_owned);
            (name, version)
        })
        .collect()
    };
    packages
        .iter()
        .map(|package| {
            (
                (text(package, "name"), text(package, "version")),
                needs(package),
            )
        })
        .collect()
}

/// How the package comes to need a runtime: the chain of names that leads to it.
fn way_to_runtime(
    package: &Package,
    packages: &[Package],
    lock: &BTreeMap<Locked, Vec<Locked>>,
) -> Option<String> {
    let own = lock.iter().find(|((name, _), _)| *name == package.name);
    let (start, _) = own?;
    let mut seen = BTreeSet::from([start.clone()]);
    let mut waiting = vec![(start.clone(), package.name.clone())];
    while let Some((at, way)) = waiting.pop() {
        if RUNTIMES.contains(&&*at.0) {
            return Some(way);
        }
        // Of our own crates the lock lists the needs of their tests too; their manifests tell.
        let manifest = packages.iter().find(|package| package.name == at.0);
        let wanted = manifest.map(Package::dependencies);
        for need in &lock[&at] {
            let counts = wanted
                .as_ref()
                .is_none_or(|wanted| wanted.contains(&need.0));
            if counts && seen.insert(need.clone()) {
                waiting.push((need.clone(), format!("{way} -> {}", need.0)));
            }
        }
    }
    None
}

#[test]
fn crates_know_only_whom_they_may() {
    let findings: Vec<String> = TREE.packages.iter().flat_map(forbidden_edges).collect();
    crate::report(&findings);
    for (name, _) in ALLOWED {
        let known = TREE.packages.iter().any(|package| package.name == *name);
        assert!(
            known,
            "`ALLOWED` names the crate `{name}`, which is not there"
        );
    }
}

#[test]
fn crates_below_the_control_plane_have_no_runtime() {
    let lock = locked(&TREE.lock);
    let mut seen = 0;
    let mut findings = Vec::new();
    for package in &TREE.packages {
        if ASYNC.contains(&&*package.name) || OUTSIDE.contains(&&*package.name) {
            continue;
        }
        seen += 1;
        if let Some(way) = way_to_runtime(package, &TREE.packages, &lock) {
            findings.push(format!(
                "{}/Cargo.toml: only {ASYNC:?} may be async, but {way}: drop the library or the feature that brings it",
                package.folder
            ));
        }
    }
    crate::report(&findings);
    assert_eq!(seen, ALLOWED.len() - ASYNC.len());
    // The search finds one where there is one.
    let control = TREE
        .packages
        .iter()
        .find(|package| package.name == "trapjaw-control");
    let way = control.and_then(|control| way_to_runtime(control, &TREE.packages, &lock));
    assert!(way.is_some_and(|way| way.contains("tokio")));
}

#[test]
fn an_edge_upwards_is_found() {
    let package = |name: &str, needs: &str| {
        let manifest = format!("[package]\nname = \"{name}\"\n{needs}");
        forbidden_edges(&Package::new("somewhere", &manifest))
    };
    assert!(
        package(
            "trapjaw-dsl",
            "[dependencies]\ntrapjaw-event.workspace = true"
        )
        .is_empty()
    );
    assert_eq!(
        package(
            "trapjaw-dsl",
            "[dependencies]\ntrapjaw-engine.workspace = true"
        )
        .len(),
        1
    );
    assert_eq!(
        package(
            "trapjaw-event",
            "[target.'cfg(unix)'.dependencies]\nx = { package = \"trapjaw-dsl\" }"
        )
        .len(),
        1
    );
    assert!(
        package(
            "trapjaw-event",
            "[dev-dependencies]\ntrapjaw-dsl.workspace = true"
        )
        .is_empty()
    );
    assert_eq!(package("trapjaw-stranger", "").len(), 1);
}
