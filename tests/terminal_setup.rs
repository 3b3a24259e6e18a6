//! The guided setup in a real terminal: from an empty directory to files that the check accepts.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/terminal.rs"]
mod terminal;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use terminal::{Start, Terminal};

const ENTER: &str = "\r";
const CTRL_C: &str = "\x03";
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@laptop";

/// A directory `shop` with nothing in it, and a repository elsewhere.
struct Place {
    all: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let all = tempfile::tempdir().unwrap();
        let place = Self { all };
        fs::create_dir(place.shop()).unwrap();
        let repo = place.repo();
        let git = |arguments: &[&str]| {
            let done = Command::new("git")
                .args(arguments)
                .current_dir(place.all.path())
                .envs([
                    ("GIT_AUTHOR_NAME", "a"),
                    ("GIT_AUTHOR_EMAIL", "a@example.com"),
                    ("GIT_COMMITTER_NAME", "a"),
                    ("GIT_COMMITTER_EMAIL", "a@example.com"),
                ])
                .output()
                .unwrap();
            assert!(done.status.success(), "{done:?}");
        };
        git(&["init", "-q", "-b", "main", &repo]);
        git(&["-C", &repo, "commit", "-q", "--allow-empty", "-m", "begin"]);
        git(&["-C", &repo, "branch", "develop"]);
        place
    }

    fn shop(&self) -> PathBuf {
        self.all.path().join("shop")
    }

    fn repo(&self) -> String {
        self.all.path().join("code").display().to_string()
    }

    fn state(&self) -> PathBuf {
        self.all.path().join("state")
    }

    fn start(&self, words: &[&str]) -> Terminal {
        let state = self.state().display().to_string();
        let arguments = words.iter().copied().chain(["--state-dir", &state]).map(str::to_owned).collect();
        Terminal::start(Start {
            arguments: Some(arguments),
            directory: Some(self.shop()),
            ..Start::default()
        })
    }

    fn check(&self) -> Output {
        Command::new(env!("CARGO_BIN_EXE_quarterdeck"))
            .args(["config", "check"])
            .current_dir(self.shop())
            .env("HOME", self.all.path())
            .env_remove("XDG_CONFIG_HOME")
            .output()
            .unwrap()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.shop().join(path)).unwrap()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Answers each of these questions as it comes; an empty answer takes what is suggested.
fn answer(mut console: Terminal, answers: &[(&str, &str)]) -> Terminal {
    for (question, answer) in answers {
        console = console.until(question).press(answer).press(ENTER).until_gone(question);
    }
    console
}

const FIRST: &[(&str, &str)] = &[("What is the project called?", "")];
const CODE: &[(&str, &str)] = &[
    ("Which file lists the Python packages", ""),
    ("Which WSGI application", ""),
    ("Which settings module", ""),
    ("Which Celery application", ""),
    ("How many tasks", ""),
    ("Which environments are there to be?", ""),
    ("Which of them are production?", ""),
    ("Which branch is deployed to production?", ""),
    ("Which branch is deployed to staging?", ""),
    ("Under which domains is production reached?", "www.shop.invalid"),
    ("Under which domains is staging reached?", ""),
];
const AWS: &[(&str, &str)] = &[
    ("In which region of AWS?", ""),
    ("What is this deployment called?", ""),
    ("What do names in AWS begin with?", ""),
    ("In which zones of the region?", ""),
    ("Which image do new servers begin with?", ""),
    ("By which address are servers reached", ""),
    ("Is there to be a replica", ""),
    ("How large are the db-primary servers", ""),
    ("How large are the db-replica servers", ""),
    ("How large are the cache servers", ""),
    ("How large are the worker servers", ""),
    ("How large are the web servers", ""),
    ("How large are the servers of the other", ""),
    ("How many GB of disk", ""),
    ("Where are static files served from?", ""),
];
const PEOPLE: &[(&str, &str)] = &[
    ("Which user owns the code", ""),
    ("What are you called on the servers?", "ana"),
    ("Which public key do you log in with?", KEY),
    ("Which secrets does the project have", "smtp_password"),
    ("Where do the values of secrets come from?", ""),
    ("What is production/smtp_password?", "hunter22"),
    ("What is staging/smtp_password?", "hunter22"),
];

#[test]
fn an_empty_directory_becomes_a_project_that_the_check_accepts() {
    let place = Place::new();
    let console = place.start(&["setup", "--sandbox"]);
    let console = answer(console, FIRST);
    let console = answer(console, &[("Where is the code kept?", &place.repo())]);
    let console = answer(console, CODE);
    let console = answer(console, AWS);
    let console = answer(console, PEOPLE);
    let console = console.until("the files").until("+ project: shop").press("\t").until("not shown");
    assert!(!place.shop().join("fabulaws-config.yml").exists(), "nothing is written before it was seen");
    let console = console.press(ENTER).until("The files are written.");
    assert!(!console.raw().contains("hunter22"), "a secret was on the screen");
    let (code, after) = console.press(ENTER).ended();
    assert_eq!(code, 0, "{after}");
    assert!(after.contains("config check: no problems"), "{after}");
    let checked = place.check();
    assert!(checked.status.success(), "{checked:?}");
    assert_eq!(String::from_utf8_lossy(&checked.stdout), "no problems\n");
    for environment in ["staging", "production"] {
        let file = format!("fabsecrets_{environment}.py");
        assert_eq!(mode(&place.shop().join(&file)), 0o600);
        let text = place.read(&file);
        assert!(text.contains("smtp_password = 'hunter22'\n"));
        let made = text.lines().find_map(|line| line.strip_prefix("secret_key = '")).unwrap();
        assert_eq!(made.len(), 41, "forty characters and a quote");
    }
    assert!(place.read(".gitignore").contains("fabsecrets_*.py"));
    assert_eq!(place.read("deployment/users/ana"), format!("{KEY}\n"));
    let config = place.read("fabulaws-config.yml");
    assert!(config.contains("        staging: develop\n") && config.contains("        production: main\n"));
    assert_eq!(fs::read_dir(place.state().join("setup")).unwrap().count(), 0, "it is over: nothing is kept");
}

#[test]
fn a_setup_that_was_left_goes_on_where_it_was() {
    let place = Place::new();
    let console = answer(place.start(&["setup", "--sandbox"]), FIRST);
    let console = answer(console, &[("Where is the code kept?", &place.repo())]);
    let console = console.until("Which file lists the Python packages");
    let (code, after) = console.press(CTRL_C).ended();
    assert_eq!(code, 0);
    assert!(after.contains("`quarterdeck setup` goes on"), "{after}");
    let kept: Vec<PathBuf> =
        fs::read_dir(place.state().join("setup")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!((kept.len(), mode(&kept[0])), (1, 0o600));
    assert!(fs::read_to_string(&kept[0]).unwrap().contains(&place.repo()));
    let console = place.start(&["setup", "--sandbox"]).until("Which file lists the Python packages");
    // Back, and the answer that was given is there.
    let console = console.press("\x1b").until("Where is the code kept?").until("code  (enter)");
    assert_eq!(console.press(CTRL_C).ended().0, 0);
    assert_eq!(fs::read_dir(place.shop()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn secrets_that_were_typed_are_not_kept_when_it_is_left() {
    let place = Place::new();
    let console = answer(place.start(&["setup", "--sandbox"]), FIRST);
    let console = answer(console, &[("Where is the code kept?", &place.repo())]);
    let console = answer(console, CODE);
    let console = answer(console, AWS);
    let console = answer(console, &PEOPLE[..6]);
    let console = console.until("What is staging/smtp_password?").press("hunter").until("••••••");
    assert_eq!(console.press(CTRL_C).ended().0, 0);
    for entry in fs::read_dir(place.state().join("setup")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("hunter") && text.contains("secret_names"), "{text}");
    }
}

#[test]
fn the_console_offers_the_setup_where_there_is_no_config() {
    let place = Place::new();
    let console = place.start(&[]).until("Set a project up here");
    let console = console.press("y\n").until("What is the project called?");
    assert_eq!(console.press(CTRL_C).ended().0, 0);
    let console = place.start(&[]).until("Set a project up here").press("\n");
    let (code, after) = console.ended();
    assert_eq!(code, 1, "{after}");
    assert!(after.contains("quarterdeck setup") && after.contains("quarterdeck sandbox"), "{after}");
}

#[test]
fn a_config_that_is_there_changes_only_where_another_answer_is_given() {
    let place = Place::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/project");
    let copied = Command::new("cp").args(["-R"]).arg(fixture.join(".")).arg(place.shop()).status().unwrap();
    assert!(copied.success());
    let before = place.read("fabulaws-config.yml");
    let mut console = place.start(&["setup", "--sandbox"]);
    for n in 1.. {
        let header = format!("question {n} of ");
        console.wait("a question or the files", |t| {
            t.text().contains(&header) || t.text().contains("write them")
        });
        if console.text().contains("write them") {
            break;
        }
        let text = console.text();
        let answer = if text.contains("Where is the code kept?") {
            place.repo()
        } else if text.contains("In which zones") {
            "a, b".to_owned()
        } else {
            String::new()
        };
        console = console.press(&answer).press(ENTER);
        // What is doubtful is taken the second time.
        console.wait("the next question", |t| !t.text().contains(&header) || t.text().contains("once more"));
        if console.text().contains("once more") {
            console = console.press(ENTER);
            console.wait("the next question", |t| !t.text().contains(&header));
        }
    }
    let console = console.press(ENTER).until("The files are written.").press(ENTER);
    assert_eq!(console.ended().0, 0);
    let after = place.read("fabulaws-config.yml");
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    assert_eq!(old.len(), new.len());
    let changed: Vec<(&str, &str)> =
        old.iter().zip(&new).filter(|(old, new)| old != new).map(|(old, new)| (*old, *new)).collect();
    let repo = format!("    repo: {}", place.repo());
    assert_eq!(
        changed,
        [("    repo: git@git.example.com:example/myproject.git", repo.as_str()), ("    - c", "    - b")]
    );
}

#[test]
fn without_a_terminal_or_where_nothing_may_change_it_says_so() {
    let place = Place::new();
    let run = |words: &[&str]| {
        let program = env!("CARGO_BIN_EXE_quarterdeck");
        Command::new(program).args(words).current_dir(place.shop()).output().unwrap()
    };
    let output = run(&["setup"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not a terminal"));
    assert_eq!(run(&["setup", "--read-only"]).status.code(), Some(3));
    assert_eq!(run(&["setup", "--json"]).status.code(), Some(2));
}
