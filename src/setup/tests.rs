//! What the setup promises: the table, the machine, and the files that come of it.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;
use crate::config::secrets::Secret;
use crate::config::{self, CheckOptions};
use crate::fleet::{ImageOffer, RegionOffers, Severity, SubnetOffer, VpcOffer, Zone};

pub(crate) const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@laptop";

pub(crate) fn offers() -> RegionOffers {
    let subnet = |id: &str, vpc: &str, zone: &str, public| SubnetOffer {
        id: id.into(),
        vpc: vpc.into(),
        zone: Zone::new(zone),
        name: String::new(),
        public,
    };
    RegionOffers {
        zones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"].map(Zone::new).to_vec(),
        vpcs: vec![
            VpcOffer {
                id: "vpc-1".into(),
                name: String::new(),
                cidr: "172.31.0.0/16".into(),
                is_default: true,
            },
            VpcOffer {
                id: "vpc-2".into(),
                name: "shop".into(),
                cidr: "10.7.0.0/16".into(),
                is_default: false,
            },
        ],
        subnets: vec![
            subnet("subnet-a1", "vpc-1", "eu-west-1a", true),
            subnet("subnet-a2", "vpc-2", "eu-west-1a", false),
            subnet("subnet-a3", "vpc-2", "eu-west-1a", true),
            subnet("subnet-b2", "vpc-2", "eu-west-1b", true),
        ],
        images: vec![
            ImageOffer {
                id: "ami-0123456789abcdef0".into(),
                release: "24.04".into(),
                name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261101".into(),
            },
            ImageOffer {
                id: "ami-0123456789abcdef1".into(),
                release: "22.04".into(),
                name: "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261101".into(),
            },
        ],
    }
}

pub(crate) fn facts() -> Facts {
    Facts {
        directory: "shop".into(),
        user: "ana".into(),
        origin: Some("git@git.example.com:shop/shop.git".into()),
        requirements: vec!["requirements/dev.txt".into(), "requirements/production.txt".into()],
        wsgi: vec!["shop.wsgi:application".into()],
        has_code: true,
        keys: vec![MyKey { file: "~/.ssh/id_ed25519.pub".into(), line: KEY.into() }],
        region: Some("eu-west-1".into()),
        ..Facts::default()
    }
}

/// Answers whatever is asked, as the world would.
pub(crate) fn world(effect: Effect) -> Option<Event> {
    Some(match effect {
        Effect::Look(ticket, Probe::Repository(_)) => {
            let names = vec!["develop".into(), "main".into()];
            Event::Found(ticket, Found::Repository(Ok(Branches { head: Some("main".into()), names })))
        }
        Effect::Look(ticket, Probe::Text(path)) => {
            let text = if path.ends_with("wsgi.py") { "application = 1\n" } else { "Django\n" };
            Event::Found(ticket, Found::Text(Ok(Some(text.into()))))
        }
        Effect::Look(ticket, Probe::Domain(_)) => Event::Found(ticket, Found::Domain(Ok(Vec::new()))),
        Effect::Offers(region) => Event::Offers(region, Ok(offers())),
        Effect::Gather { secrets, .. } => {
            let made = |item: String| {
                let value = format!("made-for-{item}-0123456789").replace('/', "-");
                (item, Secret::new(value))
            };
            Event::Gathered(Gathered {
                secrets: secrets.into_iter().map(made).collect(),
                ..Gathered::default()
            })
        }
        Effect::Write(_) => Event::Wrote(Ok(())),
        Effect::Keep(_) | Effect::End => return None,
    })
}

/// Hands an event over, and whatever the world says to it; gives what was kept.
pub(crate) fn handle(wizard: &mut Wizard, event: Event) -> Vec<Kept> {
    let (mut kept, mut events) = (Vec::new(), vec![event]);
    while let Some(event) = events.pop() {
        for effect in wizard.handle(event) {
            if let Effect::Keep(answers) = &effect {
                kept.push(answers.clone());
            }
            events.extend(world(effect));
        }
    }
    kept
}

pub(crate) fn begin(facts: Facts) -> Wizard {
    Wizard::new(facts, None).0
}

fn at(wizard: &Wizard) -> String {
    match wizard.place() {
        Place::Ask(key) => key.clone(),
        place => format!("{place:?}"),
    }
}

/// Answers with these where they are asked for, and with what is suggested elsewhere, up to a question.
pub(crate) fn until(wizard: &mut Wizard, wanted: &str, given: &[(&str, &str)]) -> Vec<Kept> {
    let mut kept = Vec::new();
    for _ in 0..100 {
        let now = at(wizard);
        if now == wanted {
            return kept;
        }
        if let Some((_, answer)) = given.iter().find(|(key, _)| *key == now) {
            kept.extend(handle(wizard, Event::Typed((*answer).into())));
        }
        kept.extend(handle(wizard, Event::Accept));
        assert_ne!(at(wizard), now, "stuck: {:?}", wizard.verdict());
    }
    panic!("never came to {wanted}");
}

pub(crate) const GIVEN: &[(&str, &str)] = &[
    ("domains:production", "www.shop.example.com, shop.example.com"),
    ("secret_names", "smtp_password"),
    ("secret:staging/smtp_password", "hunter22"),
    ("secret:production/smtp_password", "hunter22"),
];

fn write(wizard: &Wizard, dir: &Path) {
    for file in &wizard.plan().unwrap().files {
        let path = dir.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, file.body.text()).unwrap();
        let mode = if matches!(file.body, Body::Private(_)) { 0o600 } else { 0o644 };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn problems(dir: &Path) -> Vec<String> {
    let options = CheckOptions {
        config_file: None,
        dir,
        deployment: None,
        user_dir: None,
        keymaps: Vec::new(),
        themes: Vec::new(),
    };
    config::check(&options).problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_question_asks_explains_and_has_a_name_of_its_own() {
    let mut ids = BTreeSet::new();
    for question in QUESTIONS {
        assert!(ids.insert(question.id), "{}", question.id);
        assert!(question.ask.ends_with('?'), "{}", question.ask);
        assert!(
            question.why.len() <= 110 && question.why.ends_with(['.', 'b', 't', '…']),
            "{}",
            question.why
        );
        assert_eq!(question.ask.contains("{}"), question.each != Each::Once, "{}", question.id);
        assert!(!question.title.is_empty() && question.title.len() <= 18, "{}", question.title);
    }
}

#[test]
fn enter_alone_leads_from_a_clone_to_the_domains_and_then_to_files() {
    let mut wizard = begin(facts());
    until(&mut wizard, "domains:production", &[]);
    handle(&mut wizard, Event::Accept);
    assert_eq!(
        wizard.verdict(),
        Some(Verdict::Bad("an answer is wanted here".into())),
        "nobody can guess it"
    );
    until(&mut wizard, "Review", GIVEN);
    let ground = wizard.ground();
    for (id, item, wanted) in [
        ("project", "", "shop"),
        ("requirements", "", "requirements/production.txt"),
        ("branch", "production", "main"),
        ("branch", "staging", "develop"),
        ("domains", "staging", "staging.shop.example.com"),
        ("zones", "", "a, b"),
        ("vpc", "", "vpc-1"),
        ("image", "", "ami-0123456789abcdef0"),
        ("key", "", "~/.ssh/id_ed25519.pub"),
        ("person", "", "ana"),
    ] {
        assert_eq!(ground.of(id, item), wanted, "{id}");
    }
}

#[test]
fn the_files_of_the_answers_pass_the_check_without_a_problem() {
    let mut wizard = begin(facts());
    until(&mut wizard, "Review", GIVEN);
    let dir = tempfile::tempdir().unwrap();
    write(&wizard, dir.path());
    assert_eq!(problems(dir.path()), Vec::<String>::new());
    let project = config::load(None, dir.path()).project.unwrap();
    let topology = project.topology(None).unwrap();
    let names: Vec<_> = topology.environments.iter().map(|one| (one.name.as_str(), one.production)).collect();
    assert_eq!(names, [("staging", false), ("production", true)]);
    let web = &topology.environments[1];
    assert_eq!(web.load_balancers[0].as_str(), "shop-production-lb");
    assert_eq!(web.domains, ["www.shop.example.com", "shop.example.com"]);
    assert_eq!(web.build.database.networks, ["172.31.0.0/16"]);
    assert_eq!(config::people::load(&dir.path().join("deployment/users")).unwrap()[0].user, "ana");
}

#[test]
fn another_network_has_a_subnet_for_each_zone() {
    let mut wizard = begin(facts());
    let given = [GIVEN, &[("vpc", "vpc-2"), ("zones", "a b")]].concat();
    until(&mut wizard, "subnet:a", &given);
    assert_eq!(wizard.suggestion().as_deref(), Some("subnet-a3"), "a public one where there is a choice");
    handle(&mut wizard, Event::Typed("subnet-b2".into()));
    assert!(matches!(wizard.verdict(), Some(Verdict::Bad(why)) if why.contains("eu-west-1b")));
    until(&mut wizard, "Review", &[&given[..], &[("subnet:a", "subnet-a2")]].concat());
    let text = wizard.plan().unwrap().files[0].body.text().to_owned();
    assert!(text.contains("\nsubnets:\n    a: subnet-a2\n    b: subnet-b2\n"), "{text}");
    assert!(text.contains("postgresql_networks: [10.7.0.0/16]"), "{text}");
}

#[test]
fn without_aws_everything_can_be_answered_and_says_what_is_not_known() {
    let mut wizard = begin(Facts { region: None, ..facts() });
    until(&mut wizard, "region", GIVEN);
    let effects = wizard.handle(Event::Accept);
    let region = effects.iter().find_map(|effect| match effect {
        Effect::Offers(region) => Some(region.clone()),
        _ => None,
    });
    assert_eq!(region.as_deref(), Some("us-east-1"));
    handle(&mut wizard, Event::Offers("us-east-1".into(), Err("no credentials".into())));
    until(&mut wizard, "zones", GIVEN);
    handle(&mut wizard, Event::Accept);
    let (_, mark) = wizard.last_mark().unwrap();
    assert_eq!((mark.severity, mark.text.as_str()), (Severity::Unknown, "not known: no credentials"));
    until(&mut wizard, "Review", GIVEN);
    let dir = tempfile::tempdir().unwrap();
    write(&wizard, dir.path());
    assert_eq!(problems(dir.path()), Vec::<String>::new());
    let text = wizard.plan().unwrap().files[0].body.text().to_owned();
    assert!(text.contains("    # ami: ami-…"), "{text}");
}

#[test]
fn an_answer_that_comes_before_the_region_has_told_waits_for_it() {
    let mut wizard = begin(facts());
    until(&mut wizard, "region", GIVEN);
    let asked = wizard.handle(Event::Accept);
    assert!(asked.iter().any(|effect| matches!(effect, Effect::Offers(_))));
    until(&mut wizard, "zones", GIVEN);
    assert!(wizard.handle(Event::Accept).is_empty() && wizard.is_waiting());
    wizard.handle(Event::Offers("eu-west-1".into(), Ok(offers())));
    assert_eq!((at(&wizard).as_str(), wizard.ground().get("zones").as_str()), ("vpc", "a, b"));
}

#[test]
fn what_is_wrong_stops_what_is_doubtful_is_taken_the_second_time_and_late_answers_are_nothing() {
    let mut wizard = begin(facts());
    for (bad, why) in [("my shop", "a Python package"), ("2x", "a Python package")] {
        handle(&mut wizard, Event::Typed(bad.into()));
        handle(&mut wizard, Event::Accept);
        assert!(wizard.verdict().unwrap().text().contains(why));
        assert_eq!(at(&wizard), "project");
    }
    until(&mut wizard, "environments", &[("project", "shop")]);
    handle(&mut wizard, Event::Typed(" , ,".into()));
    handle(&mut wizard, Event::Accept);
    assert_eq!(
        (at(&wizard).as_str(), wizard.verdict().unwrap().text()),
        ("environments", "an answer is wanted here")
    );
    for _ in 0..9 {
        handle(&mut wizard, Event::Back);
    }
    until(&mut wizard, "repo", &[("project", "shop")]);
    handle(&mut wizard, Event::Typed("git@nowhere:x.git".into()));
    let looked = wizard.handle(Event::Accept);
    let Effect::Look(ticket, _) = looked[0] else { panic!("{looked:?}") };
    let refused = || Found::Repository(Err("no such host".into()));
    handle(&mut wizard, Event::Found(ticket + 7, refused()));
    assert!(wizard.is_waiting(), "somebody else's answer");
    handle(&mut wizard, Event::Found(ticket, refused()));
    assert!(matches!(wizard.verdict(), Some(Verdict::Doubt(why)) if why.contains("no such host")));
    handle(&mut wizard, Event::Accept);
    assert_eq!(at(&wizard), "requirements");
    let row = wizard.rows().into_iter().find(|row| row.key == "repo").unwrap();
    assert_eq!(
        (row.mark.unwrap().severity, row.answer.as_deref()),
        (Severity::Warn, Some("git@nowhere:x.git"))
    );
    // Typing on while it is looked at makes the answer another one.
    handle(&mut wizard, Event::Typed("a.txt".into()));
    let Effect::Look(ticket, _) = wizard.handle(Event::Accept)[0] else { panic!() };
    handle(&mut wizard, Event::Typed("ab.txt".into()));
    handle(&mut wizard, Event::Found(ticket, Found::Text(Ok(Some(String::new())))));
    assert_eq!(at(&wizard), "requirements");
}

#[test]
fn going_back_keeps_answers_and_another_answer_changes_what_follows() {
    let mut wizard = begin(facts());
    until(&mut wizard, "production_environments", &[]);
    handle(&mut wizard, Event::Back);
    assert_eq!(
        (at(&wizard).as_str(), wizard.suggestion().as_deref()),
        ("environments", Some("staging, production"))
    );
    handle(&mut wizard, Event::Typed("demo".into()));
    handle(&mut wizard, Event::Accept);
    assert_eq!(wizard.suggestion(), None);
    let keys: Vec<String> = wizard.rows().into_iter().map(|row| row.key).collect();
    assert!(keys.contains(&"branch:demo".to_owned()) && !keys.contains(&"branch:staging".to_owned()));
    for _ in 0..20 {
        handle(&mut wizard, Event::Back);
    }
    assert_eq!(at(&wizard), "project", "before the first one is nothing");
}

#[test]
fn left_in_the_middle_it_goes_on_there_and_no_secret_is_kept() {
    let mut wizard = begin(facts());
    let given =
        [GIVEN, &[("secrets_how", "ask"), ("secret:production/secret_key", "hunter22hunter22")]].concat();
    let kept = until(&mut wizard, "secret:staging/secret_key", &given);
    let text = kept.last().unwrap().text();
    assert!(!text.contains("hunter22"), "{text}");
    assert!(!format!("{wizard:?}").contains("hunter22"));
    let (again, effects) = Wizard::new(facts(), Kept::parse(&text));
    // Given secrets are asked for again, for they are nowhere.
    assert_eq!(at(&again), "secret:production/secret_key");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Offers(region) if region == "eu-west-1")));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Look(_, Probe::Repository(_)))));
    assert_eq!(Kept::parse("{}"), None);
    assert_eq!(Kept::parse(&text.replace("\"version\": 1", "\"version\": 9")), None);
}

#[test]
fn secrets_are_in_their_files_and_nowhere_that_can_be_seen() {
    let mut wizard = begin(facts());
    until(&mut wizard, "Review", GIVEN);
    let plan = wizard.plan().unwrap();
    let file = plan.files.iter().find(|file| file.path == "fabsecrets_staging.py").unwrap();
    assert!(file.body.text().contains("smtp_password = 'hunter22'\n"));
    assert!(file.body.text().contains("secret_key = 'made-for-staging-secret_key-0123456789'\n"));
    let seen: String =
        plan.files.iter().flat_map(|file| &file.shown).map(|line| line.text.as_str()).collect();
    assert!(!seen.contains("hunter22") && !seen.contains("made-for"), "{seen}");
    assert!(!format!("{plan:?} {:?}", wizard.rows()).contains("hunter22"));
    assert!(seen.contains("smtp_password = '…'   # 8 characters, not shown"));
}

fn fixture_facts(dir: &Path) -> Facts {
    let loaded = config::load(None, dir);
    let text = std::fs::read_to_string(&loaded.path).unwrap();
    let secrets = ["testing", "staging", "production"].map(|environment| {
        let names =
            ["database_password", "broker_password", "smtp_password", "secret_key", "luks_passphrase"];
        (environment.to_owned(), names.map(str::to_owned).into())
    });
    Facts {
        config: loaded.project.map(|project| (text, project)),
        people: vec!["jane".into()],
        secrets: BTreeMap::from(secrets),
        ..facts()
    }
}

fn gathered(facts: &Facts) -> Event {
    let (text, _) = facts.config.as_ref().unwrap();
    let files = BTreeMap::from([("fabulaws-config.yml".to_owned(), Secret::new(text.clone()))]);
    Event::Gathered(Gathered { files, ..Gathered::default() })
}

/// Enter through an existing project, with these answers, up to the config's new text.
fn changed(given: &[(&str, &str)]) -> (String, String, Vec<String>) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/project");
    let facts = fixture_facts(&dir);
    let told = gathered(&facts);
    let before = facts.config.as_ref().unwrap().0.clone();
    let mut wizard = begin(facts);
    for _ in 0..100 {
        let now = at(&wizard);
        if now == "Gathering" {
            break;
        }
        if let Some((_, answer)) = given.iter().find(|(key, _)| *key == now) {
            wizard.handle(Event::Typed((*answer).into()));
        }
        for _ in 0..2 {
            for effect in wizard.handle(Event::Accept) {
                let none = matches!(effect, Effect::Offers(_));
                let event =
                    if none { Some(Event::Offers("us-east-1".into(), Err("no".into()))) } else { None };
                let gathers = matches!(effect, Effect::Gather { .. });
                if let Some(event) = event.or_else(|| if gathers { None } else { world(effect) }) {
                    wizard.handle(event);
                }
            }
            if at(&wizard) != now {
                break;
            }
        }
        assert_ne!(at(&wizard), now, "stuck: {:?}", wizard.verdict());
    }
    wizard.handle(told);
    let plan = wizard.plan().unwrap();
    (before, plan.files[0].body.text().to_owned(), plan.notes.clone())
}

#[test]
fn enter_alone_leaves_a_config_that_is_there_as_it_is() {
    let (before, after, notes) = changed(&[]);
    assert_eq!(after, before);
    assert_eq!(notes, Vec::<String>::new());
}

#[test]
fn a_config_that_is_there_changes_only_where_another_answer_was_given() {
    let (before, after, notes) = changed(&[
        ("size:web", "c5.xlarge"),
        ("branch:staging", "main"),
        ("domains:production", "www.shop.example.com"),
        ("zones", "a, c, e"),
    ]);
    let old: Vec<&str> = before.lines().collect();
    let added: Vec<&str> = after.lines().filter(|line| !old.contains(line)).collect();
    assert_eq!(
        added,
        [
            "            staging: main",
            "        - www.shop.example.com",
            "    - e",
            "            web: c5.xlarge"
        ]
    );
    let new: Vec<&str> = after.lines().collect();
    let gone: Vec<&str> = old.iter().copied().filter(|line| !new.contains(line)).collect();
    assert_eq!(
        gone,
        [
            "            staging: develop",
            "        - www.myproject.example.com",
            "        - .myproject.example.com",
            "            web: c5.large"
        ]
    );
    assert_eq!(notes, Vec::<String>::new());
}

#[test]
fn a_new_environment_gets_its_rows_in_every_section_of_a_config_that_is_there() {
    let (_, after, notes) = changed(&[
        ("environments", "testing, staging, production, demo"),
        ("domains:demo", "demo.myproject.example.com"),
    ]);
    let by_hand = notes.iter().filter(|note| note.starts_with("fabulaws-config.yml"));
    assert_eq!(by_hand.count(), 0, "{notes:?}");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("fabulaws-config.yml"), &after).unwrap();
    let wrong: Vec<String> =
        problems(dir.path()).into_iter().filter(|line| !line.contains(": note: ")).collect();
    assert_eq!(wrong, Vec::<String>::new());
    let topology = config::load(None, dir.path()).project.unwrap().topology(None).unwrap();
    let demo = &topology.environments[3];
    assert_eq!((demo.name.as_str(), demo.load_balancers[0].as_str()), ("demo", "myproject-demo-lb"));
    assert_eq!(demo.branch.as_deref(), Some("develop"));
}
