//! What `trust` pins, and what it refuses.

use std::sync::Arc;

use super::*;
use crate::fleet::InstanceId;
use crate::refresh::fake::{Fake, fleet};
use crate::refresh::fake_hosts::FakeRemote;

const ED25519: &str = include_str!("../../remote/host_keys/testdata/ed25519.pub");
const ECDSA: &str = include_str!("../../remote/host_keys/testdata/ecdsa.pub");
const CACHE: &str = "i-staging-cache";

fn key(line: &str) -> HostKey {
    HostKey::parse(line).unwrap()
}

fn console(line: &str) -> String {
    format!("-----BEGIN SSH HOST KEY KEYS-----\n{line}-----END SSH HOST KEY KEYS-----\n")
}

struct World {
    cloud: Fake,
    topology: Arc<Topology>,
    remote: FakeRemote,
    globals: Vec<String>,
}

/// A cache server that presents an Ed25519 key, and nothing else is known.
fn world() -> World {
    let (cloud, topology) = fleet(&[("staging", 2)]);
    let remote = FakeRemote::new();
    remote.servers().keys.insert(CACHE.into(), key(ED25519));
    World { cloud, topology, remote, globals: Vec::new() }
}

impl World {
    async fn trust(&self, server: &str, options: &[&str]) -> Result<(Exit, String), Stop> {
        let fleet = Fleet {
            cloud_change: None,
            clone: None,
            templates: None,
            cloud: Arc::new(self.cloud.clone()),
            topology: Arc::clone(&self.topology),
            remote: Some(Arc::new(self.remote.clone())),
            change: None,
            no_remote: None,
            speed: 1.0,
            problems: Vec::new(),
        };
        let has = |option: &str| options.contains(&option);
        let fingerprint = options.iter().find(|option| option.starts_with("SHA256:"));
        let request = Request {
            server: server.into(),
            fingerprint: fingerprint.map(|text| (*text).to_owned()),
            yes: has("--yes"),
            replace: has("--replace"),
            json: has("--json"),
            globals: self.globals.clone(),
        };
        let mut out = Vec::new();
        let exit = run(fleet, &request, &mut out).await?;
        Ok((exit, String::from_utf8(out).unwrap()))
    }

    fn pinned(&self) -> Vec<(HostKey, Origin)> {
        let servers = self.remote.servers();
        let pins = servers.pins.get(CACHE).into_iter().flatten();
        pins.map(|pin| (pin.key.clone(), pin.origin)).collect()
    }

    fn pin(&self, line: &str) {
        let pin = Pin { key: key(line), origin: Origin::Operator, at: None };
        self.remote.servers().pins.insert(InstanceId::new(CACHE), vec![pin]);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_word_the_fingerprint_is_shown_and_nothing_is_pinned() {
    let world = world();
    let (exit, text) = world.trust(CACHE, &[]).await.unwrap();
    assert_eq!(exit, Exit::Refused);
    let command = format!("quarterdeck trust {CACHE} --fingerprint {}", key(ED25519).fingerprint());
    assert!(text.contains(&command) && text.contains("Not trusted"), "{text}");
    assert_eq!(world.pinned(), []);
}

#[tokio::test(start_paused = true)]
async fn the_right_fingerprint_pins_and_a_wrong_one_does_not() {
    let world = world();
    let wrong = key(ECDSA).fingerprint();
    let (exit, text) = world.trust(CACHE, &[&wrong]).await.unwrap();
    assert_eq!((exit, world.pinned()), (Exit::Refused, vec![]));
    assert!(text.contains(&wrong) && text.contains(&key(ED25519).fingerprint()), "{text}");
    let (exit, text) = world.trust(CACHE, &[&key(ED25519).fingerprint()]).await.unwrap();
    assert_eq!((exit, world.pinned()), (Exit::Done, vec![(key(ED25519), Origin::Operator)]));
    assert!(text.contains("by the operator"), "{text}");
    let (exit, _) = world.trust(CACHE, &[]).await.unwrap();
    assert_eq!(exit, Exit::Done, "it is trusted already");
}

#[tokio::test(start_paused = true)]
async fn the_consoles_word_is_enough_and_its_contradiction_is_not_overheard() {
    let world = world();
    world.cloud.world().consoles.insert(CACHE.into(), console(ECDSA));
    let (exit, text) = world.trust(CACHE, &["--yes"]).await.unwrap();
    assert_eq!((exit, world.pinned()), (Exit::Refused, vec![]));
    assert!(text.contains("other keys") && text.contains(&key(ECDSA).fingerprint()), "{text}");
    world.cloud.world().consoles.insert(CACHE.into(), console(ED25519));
    let (exit, text) = world.trust(CACHE, &[]).await.unwrap();
    assert_eq!((exit, world.pinned()), (Exit::Done, vec![(key(ED25519), Origin::Console)]));
    assert!(text.contains("from the console output"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_changed_key_takes_replace_and_shows_both() {
    let world = world();
    world.pin(ECDSA);
    let (exit, text) = world.trust(CACHE, &["--yes"]).await.unwrap();
    assert_eq!((exit, world.pinned()), (Exit::Refused, vec![(key(ECDSA), Origin::Operator)]));
    for print in [key(ECDSA).fingerprint(), key(ED25519).fingerprint(), "--replace".into()] {
        assert!(text.contains(&print), "{text}");
    }
    // Replacing, too, wants a word for the key itself.
    let (exit, _) = world.trust(CACHE, &["--replace"]).await.unwrap();
    assert_eq!(exit, Exit::Refused);
    let (exit, _) = world.trust(CACHE, &["--replace", "--yes"]).await.unwrap();
    assert_eq!((exit, world.pinned()), (Exit::Done, vec![(key(ED25519), Origin::Operator)]));
}

#[tokio::test(start_paused = true)]
async fn a_server_is_found_by_its_id_the_beginning_of_it_or_its_name() {
    let world = world();
    for word in [CACHE, "i-staging-c", "myproject_staging_cache"] {
        assert!(world.trust(word, &[]).await.unwrap().1.contains(CACHE), "{word}");
    }
    let several = world.trust("i-staging-web", &[]).await.unwrap_err();
    assert!(several.to_string().contains("i-staging-web0, i-staging-web1"), "{several}");
    let none = world.trust("i-staging-cahce", &[]).await.unwrap_err();
    assert!(matches!(&none, Stop::Usage(text) if text.contains("“i-staging-cache”")), "{none}");
}

#[tokio::test(start_paused = true)]
async fn json_says_all_of_it_in_one_document() {
    let world = world();
    let (_, text) = world.trust(CACHE, &["--json"]).await.unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["presented"], key(ED25519).to_string());
    assert_eq!((&document["trusted"], &document["console"]), (&false.into(), &"silent".into()));
    assert_eq!(document["pinned"], serde_json::json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_a_failure() {
    let world = world();
    let failed = world.trust("i-staging-worker", &["--yes"]).await.unwrap_err();
    assert_eq!(failed.exit(), Exit::Failed);
}

#[tokio::test(start_paused = true)]
async fn the_advised_command_asks_the_same_fleet_and_pins_in_the_same_place() {
    let mut world = world();
    world.globals = ["--profile", "ops", "--state-dir", "/a place"].map(str::to_owned).to_vec();
    let (_, text) = world.trust(CACHE, &[]).await.unwrap();
    let command = format!("quarterdeck --profile ops --state-dir '/a place' trust {CACHE} --fingerprint");
    assert!(text.contains(&command), "{text}");
}

#[tokio::test(start_paused = true)]
async fn every_key_of_the_json_is_written_down() {
    let world = world();
    world.pin(ECDSA);
    let (_, text) = world.trust(CACHE, &["--json"]).await.unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let written = include_str!("../../../docs/trust-json.md");
    let pin = document["pinned"][0].as_object().unwrap();
    for key in document.as_object().unwrap().keys().chain(pin.keys()) {
        assert!(written.contains(&format!("`{key}`")), "{key}");
    }
}
