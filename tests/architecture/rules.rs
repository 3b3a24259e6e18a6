//! Which way things flow, as tables. A change here is a change of the architecture: say why in
//! `ARCHITECTURE.md`.

use std::collections::BTreeSet;

use crate::scan::{self, Facts};

/// A part of the program and the other parts that it may name.
pub struct Layer {
    /// The directory below `src/`.
    pub name: &'static str,
    /// What it may import, itself apart.
    pub may_use: &'static [&'static str],
}

/// The parts. `main` is the program's entry and only starts the command line.
pub const LAYERS: &[Layer] = &[
    Layer { name: "fleet", may_use: &[] },
    Layer { name: "cloud", may_use: &["fleet"] },
    Layer { name: "config", may_use: &["fleet"] },
    Layer { name: "probe", may_use: &["fleet"] },
    Layer { name: "remote", may_use: &["fleet", "probe"] },
    Layer { name: "logs", may_use: &["fleet"] },
    Layer { name: "plan", may_use: &["fleet"] },
    Layer { name: "repo", may_use: &["fleet"] },
    Layer { name: "recipe", may_use: &["config", "fleet", "plan"] },
    Layer { name: "template", may_use: &["config", "fleet", "plan", "recipe"] },
    Layer { name: "operation", may_use: &["fleet", "plan", "recipe", "repo", "template"] },
    Layer { name: "doctor", may_use: &["fleet", "template"] },
    Layer { name: "triage", may_use: &["fleet"] },
    Layer { name: "drill", may_use: &["cloud", "fleet", "sandbox", "triage"] },
    Layer { name: "timeline", may_use: &["fleet", "triage"] },
    Layer { name: "history", may_use: &["fleet", "timeline", "triage"] },
    Layer { name: "setup", may_use: &["config", "fleet"] },
    Layer { name: "engine", may_use: &["cloud", "fleet", "logs", "plan", "remote"] },
    Layer { name: "refresh", may_use: &["cloud", "fleet", "plan", "probe", "remote"] },
    Layer { name: "sandbox", may_use: &["cloud", "fleet", "probe", "remote"] },
    Layer {
        name: "console",
        may_use: &[
            "config",
            "engine",
            "fleet",
            "history",
            "logs",
            "operation",
            "plan",
            "refresh",
            "remote",
            "repo",
            "setup",
            "template",
            "timeline",
            "triage",
        ],
    },
    Layer {
        name: "cli",
        may_use: &[
            "cloud",
            "config",
            "console",
            "doctor",
            "drill",
            "engine",
            "fleet",
            "history",
            "logs",
            "operation",
            "plan",
            "probe",
            "recipe",
            "refresh",
            "remote",
            "repo",
            "sandbox",
            "setup",
            "template",
            "timeline",
            "triage",
        ],
    },
    Layer { name: "main", may_use: &["cli"] },
];

/// The only parts of the console that touch the world.
const CONSOLE_EDGE: &[&str] = &["console::runtime", "console::terminal", "console::reload"];

/// Something that only some modules may name.
pub struct Fence {
    /// The path, by its first segments; `*` at the end of a segment stands for any ending.
    pub path: &'static [&'static str],
    /// Modules that may name it, with everything below them.
    pub only: &'static [&'static [&'static str]],
    /// Why.
    pub why: &'static str,
}

/// The fences.
pub const FENCES: &[Fence] = &[
    Fence { path: &["aws_*"], only: &[&["cloud::aws"]], why: "SDK types never leave the adapter" },
    Fence {
        path: &["crate", "cloud", "aws"],
        only: &[&["cloud::aws", "cli"]],
        why: "everybody else speaks to the port, not to AWS",
    },
    Fence {
        path: &["crate", "refresh"],
        only: &[&["refresh", "cli"], CONSOLE_EDGE],
        why: "views and reducers see snapshots, not the loop",
    },
    Fence {
        path: &["crate", "repo"],
        only: &[&["repo", "operation", "cli"], CONSOLE_EDGE],
        why: "what is drawn is the plan; its planner was told by the repository",
    },
    Fence {
        path: &["crate", "template"],
        only: &[&["template", "doctor", "operation", "cli"], CONSOLE_EDGE],
        why: "what is drawn is the plan; texts with secrets in them are seen by nobody on the way",
    },
    Fence { path: &["minijinja*"], only: &[&["template"]], why: "templates are read in one place" },
    Fence { path: &["rusqlite"], only: &[&["sandbox"]], why: "rows are queried there and nowhere else" },
    Fence { path: &["openssh"], only: &[&["remote::openssh"]], why: "openssh types never leave the adapter" },
    Fence {
        path: &["crate", "remote", "openssh"],
        only: &[&["remote::openssh", "cli"]],
        why: "everybody else speaks to the port, not to ssh",
    },
    Fence { path: &["saphyr_parser"], only: &[&["config"]], why: "YAML is read in one place" },
    Fence { path: &["clap*"], only: &[&["cli"]], why: "the command line is read in one place" },
    Fence {
        path: &["ratatui*"],
        only: &[&["console", "cli"]],
        why: "only the console draws; the command line makes its screenshots",
    },
    Fence { path: &["crossterm"], only: &[&["console", "cli"]], why: "only the console has a terminal" },
    Fence { path: &["notify*"], only: &[CONSOLE_EDGE], why: "watching files is input and output" },
    Fence {
        path: &["tokio*"],
        only: &[
            &["cloud::aws", "engine", "refresh", "remote::job", "remote::openssh", "sandbox", "cli", "main"],
            CONSOLE_EDGE,
        ],
        why: "what is pure does not wait",
    },
    Fence {
        path: &["std", "fs"],
        only: &[
            &[
                "cloud::aws",
                "config",
                "engine",
                "history",
                "remote::host_keys",
                "remote::openssh",
                "sandbox",
                "template",
                "cli",
            ],
            CONSOLE_EDGE,
        ],
        why: "what is pure reads no files",
    },
    Fence {
        path: &["std", "net"],
        // An address can also be only text to judge.
        only: &[&["cloud::aws", "config::check", "fleet::ground", "cli"], CONSOLE_EDGE],
        why: "the network is reached through the ports",
    },
    Fence {
        path: &["std", "process"],
        // The operator's clone is asked through their own git, whose settings and keys are known to nobody else.
        only: &[&["cloud::aws", "remote::openssh", "repo::git", "cli", "main"], CONSOLE_EDGE],
        why: "what is pure starts and ends no program",
    },
    Fence {
        path: &["std", "thread"],
        // A git that hangs is given up: somebody else has to read what it prints.
        only: &[&["cloud::aws", "refresh", "repo::git", "sandbox", "cli"], CONSOLE_EDGE],
        why: "what is pure neither sleeps nor forks",
    },
    Fence {
        path: &["std", "env"],
        only: &[&["cloud::aws", "config", "remote::openssh", "sandbox", "cli"], CONSOLE_EDGE],
        why: "what is pure does not depend on who started it",
    },
    Fence {
        path: &["std", "time", "SystemTime"],
        only: &[&["cloud::aws", "sandbox", "cli"], CONSOLE_EDGE],
        why: "clocks come from the port, so that tests can step them",
    },
    Fence {
        path: &["std", "time", "Instant"],
        only: &[&["cloud::aws", "engine", "refresh", "sandbox", "cli"], CONSOLE_EDGE],
        why: "clocks come from the port, so that tests can step them",
    },
    Fence {
        path: &["Timestamp", "now"],
        only: &[&["cloud::aws", "remote::openssh", "sandbox", "cli"], CONSOLE_EDGE],
        why: "clocks come from the port, so that tests can step them",
    },
    Fence {
        path: &["jiff", "Timestamp", "now"],
        only: &[&["cloud::aws", "remote::openssh", "sandbox", "cli"], CONSOLE_EDGE],
        why: "clocks come from the port, so that tests can step them",
    },
    Fence { path: &["clippy", "unwrap_used"], only: &[], why: "nothing panics: return an error" },
    Fence { path: &["clippy", "expect_used"], only: &[], why: "nothing panics: return an error" },
    Fence { path: &["clippy", "panic"], only: &[], why: "nothing panics: return an error" },
];

/// Macros that have no place in the program.
const NO_MACROS: &[&str] = &["todo", "unimplemented", "dbg", "include"];

/// Words that promise something for later, put together so that this file does not hold them.
fn promises() -> [String; 3] {
    [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()]
}

/// Longest file, its tests apart.
pub const LONGEST: usize = 400;

/// A source file: its path below `src/` and its text.
pub struct File {
    /// With `/` between the parts.
    pub path: String,
    /// The text.
    pub text: String,
}

/// Everything wrong with these files, one line each.
pub fn check(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut scanned = Vec::new();
    for file in files {
        let module = module_of(&file.path);
        match scan::scan(&file.text, &module) {
            Ok(facts) => scanned.push((file, module, facts)),
            Err(error) => complaints.push(format!("src/{}: {error}", file.path)),
        }
    }
    let tests: BTreeSet<Vec<String>> =
        scanned.iter().flat_map(|(_, _, facts)| facts.test_modules.iter().cloned()).collect();
    for (file, module, facts) in &scanned {
        check_words(file, &mut complaints);
        if !(1..=module.len()).any(|n| tests.contains(&module[..n])) {
            check_file(file, module, facts, &mut complaints);
        }
    }
    complaints
}

fn check_file(file: &File, module: &[String], facts: &Facts, complaints: &mut Vec<String>) {
    let mut complain =
        |line: usize, what: String| complaints.push(format!("src/{}:{line}: {what}", file.path));
    if !facts.documented {
        complain(1, "begins without a line (//!) that says what the module is for".into());
    }
    let length = file.text.lines().count().saturating_sub(facts.test_lines);
    if length > LONGEST {
        complain(1, format!("{length} lines without its tests; over {LONGEST} it wants to be two files"));
    }
    for (name, line) in &facts.macros {
        if NO_MACROS.contains(&name.as_str()) {
            complain(*line, format!("{name}! has no place in the program"));
        }
    }
    for reference in &facts.references {
        let written = reference.path.join("::");
        if let Some(why) = layer_complaint(module, &reference.path) {
            complain(reference.line, format!("{written}: {why}"));
        }
        for fence in FENCES {
            if names(&reference.path, fence.path) && !allowed(module, fence.only) {
                let only: Vec<_> = fence.only.iter().flat_map(|some| some.iter().copied()).collect();
                let only =
                    if only.is_empty() { "nowhere".into() } else { format!("only in {}", only.join(", ")) };
                complain(reference.line, format!("{written}: {only}, for {}", fence.why));
            }
        }
    }
}

/// Why `module` may not name this path of ours.
fn layer_complaint(module: &[String], path: &[String]) -> Option<String> {
    if path.first()? != "crate" {
        return None;
    }
    // The crate's root only declares its modules.
    let own = module.first()?;
    let Some(other) = path.get(1).filter(|name| *name != "*") else {
        return Some("names the whole crate: name the module".into());
    };
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == own) else {
        return Some(format!("{own} is not in the table of tests/architecture/rules.rs"));
    };
    if other == own || layer.may_use.contains(&other.as_str()) {
        return None;
    }
    let may = if layer.may_use.is_empty() { "nothing of ours".into() } else { layer.may_use.join(", ") };
    Some(format!("{own} may import {may}, not {other}"))
}

/// Whether a path begins with the fence's, or could hide it: `std::*`, `use std as s`.
fn names(path: &[String], fence: &[&str]) -> bool {
    let matches = |segment: &String, pattern: &&str| {
        pattern.strip_suffix('*').map_or(segment == pattern, |start| segment.starts_with(start))
    };
    let common = path.iter().zip(fence).take_while(|(segment, pattern)| matches(segment, pattern)).count();
    let hidden = common == path.len() && path[0] == "std";
    common == fence.len() || hidden || (common > 0 && path.get(common).is_some_and(|segment| segment == "*"))
}

fn allowed(module: &[String], only: &[&[&str]]) -> bool {
    only.iter().flat_map(|some| some.iter()).any(|place| {
        let place: Vec<&str> = place.split("::").collect();
        place.len() <= module.len() && place.iter().zip(module).all(|(a, b)| a == b)
    })
}

fn check_words(file: &File, complaints: &mut Vec<String>) {
    for (line, text) in file.text.lines().enumerate() {
        let words = text.split(|c: char| !c.is_ascii_alphabetic());
        if words.into_iter().any(|word| promises().iter().any(|promise| promise == word)) {
            complaints.push(format!(
                "src/{}:{}: promises something for later: {}",
                file.path,
                line + 1,
                text.trim()
            ));
        }
    }
}

/// `console/views/mod.rs` is `console::views`.
fn module_of(path: &str) -> Vec<String> {
    let mut module: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|name| name == "mod") || module == ["lib"] {
        module.pop();
    }
    module
}
