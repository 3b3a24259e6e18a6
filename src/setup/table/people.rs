//! Questions about who works on the servers, and about secrets.

use super::path;
use crate::config::edit::Wanted;
use crate::config::people::{is_user, judge as judge_key};
use crate::setup::ground::words;
use crate::setup::judge::identifier;
use crate::setup::question::{Each, Kind, Offer, PLAIN, Question, Verdict};
use crate::setup::secret;

pub(super) const DEPLOY_USER: Question = Question {
    id: "deploy_user",
    title: "code belongs to",
    ask: "Which user owns the code on servers?",
    why: "Deploys run as this user; Gunicorn and Celery run as another one, named after it, who may only read.",
    default: |ground, _| {
        Some(ground.get("project").to_lowercase().replace('_', "-")).filter(|name| is_user(name))
    },
    check: |_, _, answer| {
        if is_user(answer) && answer.len() <= 28 {
            Verdict::fine()
        } else {
            Verdict::Bad("small letters, digits, - and _, at most 28, and no user of the system".into())
        }
    },
    when: |ground, _| ground.facts.config.is_none(),
    current: |project, _| project.names.deploy_user.clone(),
    ..PLAIN
};

pub(super) const PERSON: Question = Question {
    id: "person",
    title: "your user",
    ask: "What are you called on the servers?",
    why: "You log in there as this user, with your own key. Colleagues are added as files beside yours.",
    when: |ground, _| ground.facts.people.is_empty(),
    default: |ground, _| Some(ground.facts.user.clone()).filter(|name| is_user(name)),
    check: |ground, _, answer| {
        if !is_user(answer) {
            return Verdict::Bad(
                "small letters, digits, - and _, at most 32, and no user of the system".into(),
            );
        }
        if answer == ground.get("deploy_user") || answer == ground.webserver_user() {
            return Verdict::Bad("this user owns the code, and is nobody's login".into());
        }
        Verdict::fine()
    },
    ..PLAIN
};

pub(super) const KEY: Question = Question {
    id: "key",
    title: "your key",
    ask: "Which public key do you log in with?",
    why: "The file of yours that ends in .pub, or its line pasted here. Private keys never leave your machine.",
    when: |ground, _| ground.facts.people.is_empty(),
    default: |ground, _| {
        let keys = &ground.facts.keys;
        let best = keys.iter().find(|key| key.file.contains("ed25519")).or_else(|| keys.first());
        best.map(|key| key.file.clone())
    },
    offers: |ground, _| {
        let what = |line: &str| {
            let mut words = line.split_whitespace();
            let kind = words.next().unwrap_or_default().to_owned();
            [kind, words.nth(1).unwrap_or_default().to_owned()].join(" ")
        };
        ground.facts.keys.iter().map(|key| Offer::new(&key.file, what(&key.line))).collect()
    },
    check: |ground, _, answer| {
        let of_file = ground.facts.keys.iter().find(|key| key.file == answer);
        let line = of_file.map_or(answer, |key| key.line.as_str());
        match judge_key(line) {
            Ok(()) if of_file.is_some() => Verdict::Good("it holds a public key".into()),
            Ok(()) => Verdict::Good("it is a public key".into()),
            Err(_) if answer.starts_with(['~', '/', '.']) => {
                Verdict::Bad("no such key in ~/.ssh was read: paste the line of the .pub file".into())
            }
            Err(why) => Verdict::Bad(why.into()),
        }
    },
    ..PLAIN
};

pub(super) const SECRET_NAMES: Question = Question {
    id: "secret_names",
    title: "more secrets",
    kind: Kind::Words,
    optional: true,
    ask: "Which secrets does the project have of its own?",
    why: "Beside database_password, broker_password and secret_key, which are always there. None is an answer.",
    offers: |_, _| {
        vec![
            Offer::new("smtp_password", "to send mail"),
            Offer::new("smtp_password, sentry_dsn", "and to report errors"),
            Offer::new("newrelic_api_key", "deploys are told to New Relic"),
        ]
    },
    check: |_, _, answer| match words(answer).iter().find(|name| !identifier(name)) {
        Some(bad) => Verdict::Bad(format!("`{bad}` cannot be one: letters, digits and _")),
        None => Verdict::fine(),
    },
    current: |project, _| {
        let own = project.names.password_names.iter().map(|name| name.as_str());
        let own: Vec<&str> = own.filter(|name| !secret::ALWAYS.contains(name)).collect();
        Some(own.join(", "))
    },
    edits: |ground, _, _| {
        let names = ground.secret_names();
        let Some((_, project)) = &ground.facts.config else {
            return vec![(path(&["password_names"]), Wanted::List(names))];
        };
        // Those that are there keep their order.
        let mut all: Vec<String> =
            project.names.password_names.iter().map(|name| name.value.clone()).collect();
        all.retain(|name| names.contains(name));
        all.extend(
            names
                .into_iter()
                .filter(|name| project.names.password_names.iter().all(|one| one.value != *name)),
        );
        vec![(path(&["password_names"]), Wanted::List(all))]
    },
    ..PLAIN
};

pub(super) const SECRETS_HOW: Question = Question {
    id: "secrets_how",
    title: "secrets",
    kind: Kind::Choice,
    ask: "Where do the values of secrets come from?",
    why: "They go into fabsecrets_<environment>.py, which only you can read and git never sees.",
    when: |ground, _| ground.secrets().iter().any(|item| !ground.has_secret(item)),
    default: |_, _| Some("generate".into()),
    offers: |_, _| {
        vec![
            Offer::new("generate", "long random ones; only those of others are asked for"),
            Offer::new("ask", "each one is asked for; none given means a random one"),
            Offer::new("command", "a command prints them: pass, op, aws secretsmanager"),
        ]
    },
    ..PLAIN
};

pub(super) const SECRETS_COMMAND: Question = Question {
    id: "secrets_command",
    title: "command",
    ask: "Which command prints a secret?",
    why: "Run once for each, without a shell: {project}, {environment} and {name} are put in. Its first line counts.",
    when: |ground, _| {
        ground.get("secrets_how") == "command" && ground.secrets().iter().any(|item| !ground.has_secret(item))
    },
    default: |_, _| Some("pass show {project}/{environment}/{name}".into()),
    offers: |_, _| {
        let aws = "aws secretsmanager get-secret-value --secret-id {project}/{environment}/{name} --query SecretString \
                   --output text";
        vec![
            Offer::new("pass show {project}/{environment}/{name}", "the password store"),
            Offer::new("op read op://{project}/{environment}/{name}", "1Password"),
            Offer::new(aws, "AWS Secrets Manager"),
        ]
    },
    check: |_, _, answer| {
        if answer.contains("{name}") {
            Verdict::Good("it is run when the files are made".into())
        } else {
            Verdict::Bad("{name} must be in it, or every secret would be the same".into())
        }
    },
    ..PLAIN
};

pub(super) const SECRET: Question = Question {
    id: "secret",
    title: "secret",
    each: Each::Secret,
    kind: Kind::Secret,
    optional: true,
    ask: "What is {}?",
    why: "Typed or pasted, never shown. Nothing given: a random one where it is ours, else it is left out for now.",
    when: |ground, item| {
        let name = item.split_once('/').map_or(item, |(_, name)| name);
        let how = ground.get("secrets_how");
        !ground.has_secret(item) && (how == "ask" || how == "generate" && !secret::is_ours(name))
    },
    check: |_, item, answer| {
        let name = item.split_once('/').map_or(item, |(_, name)| name);
        match (answer, secret::is_ours(name)) {
            ("", true) => Verdict::Good("a random one is made".into()),
            ("", false) => {
                Verdict::Unsure("left out: deploys name it as missing until the file has it".into())
            }
            (value, _) => secret::fits(name, value)
                .map_or_else(|why| Verdict::Bad(format!("it {why}")), |()| Verdict::fine()),
        }
    },
    ..PLAIN
};
