//! `quarterdeck screenshots`: the pictures of the documentation, drawn by the program itself on a simulated
//! fleet whose clock stands still, so that they are the same every time.

mod kept;
mod play;
mod setup;
mod stage;

use std::io;
use std::path::{Path, PathBuf};

pub use stage::{Stage, StageError};

use crate::console::svg::{Canvas, svg};
use crate::sandbox::Scenario;

/// A picture: where it is taken, and the keys that lead there.
#[derive(Clone, Copy, Debug)]
pub struct Shot {
    /// The file's name without its ending.
    pub name: &'static str,
    /// What it shows, for those who cannot see it.
    pub title: &'static str,
    /// The world it is taken in.
    pub scenario: Scenario,
    /// Of the guided setup, in place of the console.
    pub setup: bool,
    /// The theme.
    pub theme: &'static str,
    /// Columns and lines.
    pub size: (u16, u16),
    /// Keys as keymaps write them; anything else is typed letter by letter.
    pub keys: &'static [&'static str],
}

/// Room for an environment's servers.
const WIDE: (u16, u16) = (120, 26);
/// Room for a few environments.
const FLEET: (u16, u16) = (120, 14);

const fn shot(
    name: &'static str,
    scenario: Scenario,
    title: &'static str,
    keys: &'static [&'static str],
) -> Shot {
    Shot {
        name,
        title,
        scenario,
        setup: false,
        theme: "dark",
        size: if keys.is_empty() { FLEET } else { WIDE },
        keys,
    }
}

/// To the plan of the release before.
const DEPLOY: &[&str] = &["d", "enter", "down", "down", "enter"];

/// To the plan of what an environment stands on.
const FOUNDATION: &[&str] = &[
    "o",
    "create-found",
    "enter",
    "203.0.113.0/24",
    "down",
    "arn:aws:acm:us-east-1:123456789012:certificate/0f6d0a3a-90ab-4cde-8f01-23456789abcd",
    "enter",
];

/// To the size of web servers.
const SIZES: &[&str] = &[
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "www.shop.example.com",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "enter",
    "down",
    "down",
];

/// Every picture.
pub const SHOTS: &[Shot] = &[
    shot("fleet-incident", Scenario::Incident, "The fleet during an incident, worst environment first", &[]),
    shot("fleet-calm", Scenario::Calm, "The fleet on an ordinary day", &[]),
    shot("fleet-deploying", Scenario::Deploying, "The fleet half-way through a serial deploy", &[]),
    Shot {
        size: (140, 26),
        ..shot("fleet-large", Scenario::Large, "Twenty environments of two hundred servers", &[])
    },
    shot("fleet-empty", Scenario::Empty, "A fleet that is configured and does not exist yet", &[]),
    shot("environment-servers", Scenario::Incident, "The servers of production by role", &["enter"]),
    shot(
        "environment-load-balancer",
        Scenario::Incident,
        "The load balancer: listeners, health check, members and their reasons",
        &["enter", "2"],
    ),
    shot(
        "environment-group",
        Scenario::Deploying,
        "The Auto Scaling group: sizes, processes, instances and activities",
        &["enter", "3"],
    ),
    shot(
        "environment-database",
        Scenario::Incident,
        "The databases: lag, connections, standbys and slots, as measured on them",
        &["enter", "4"],
    ),
    shot(
        "environment-queues",
        Scenario::Incident,
        "Queues with who listens, caches, and the tasks that workers run",
        &["enter", "5"],
    ),
    shot("environment-charts", Scenario::Incident, "Charts of production", &["enter", "6"]),
    shot(
        "plan",
        Scenario::Calm,
        "The plan of a serial deploy: what changes, what users notice, what stays",
        DEPLOY,
    ),
    shot(
        "plan-confirm",
        Scenario::Calm,
        "Before a plan of production begins, its name is typed",
        &["d", "enter", "down", "down", "enter", "enter", "prod"],
    ),
    Shot {
        size: (132, 30),
        ..shot(
            "run",
            Scenario::Calm,
            "A deploy under way: steps, what the server prints, and the release that moves",
            &["d", "enter", "down", "down", "enter", "enter", "production", "enter"],
        )
    },
    shot("history", Scenario::Calm, "Every run: who, when, how it ended, how long it took", &["enter", "7"]),
    shot("server", Scenario::Incident, "All that is known of one server", &["enter", "enter"]),
    Shot {
        size: (120, 36),
        ..shot(
            "plan-foundation",
            Scenario::Empty,
            "The plan of what an environment stands on: security groups and load balancer",
            FOUNDATION,
        )
    },
    Shot {
        size: (120, 36),
        ..shot("triage", Scenario::Incident, "What is wrong in production, why, and what to do", &["t"])
    },
    Shot {
        size: (80, 24),
        ..shot("triage-narrow", Scenario::Incident, "The same in a terminal of 80 by 24", &["t"])
    },
    Shot {
        size: (120, 30),
        ..shot(
            "timeline",
            Scenario::Incident,
            "What has happened in production, and how its numbers went",
            &["T"],
        )
    },
    Shot {
        size: (120, 40),
        ..shot("freshness", Scenario::Incident, "Each read, where it comes from and how old it is", &["i"])
    },
    shot("help", Scenario::Calm, "The keys that work here, made from the keymap", &["?"]),
    shot("palette", Scenario::Calm, "The command palette, narrowed by a few letters", &[":", "prod"]),
    shot("filter", Scenario::Incident, "An environment's servers, filtered", &["enter", "/", "web"]),
    Shot {
        theme: "light",
        ..shot("theme-light", Scenario::Incident, "The same incident in the light theme", &["enter"])
    },
    Shot {
        theme: "high-contrast",
        ..shot("theme-high-contrast", Scenario::Incident, "The incident in high contrast", &["enter"])
    },
    Shot {
        theme: "mono",
        ..shot("theme-mono", Scenario::Incident, "The incident without colours", &["enter"])
    },
    Shot {
        size: (120, 30),
        setup: true,
        ..shot("setup", Scenario::Calm, "The guided setup: one question at a time, and what it costs", SIZES)
    },
    Shot {
        size: (80, 24),
        ..shot("narrow", Scenario::Incident, "An environment in a terminal of 80 by 24", &["enter"])
    },
];

/// The seed of the worlds in the pictures.
const SEED: u64 = 7;

/// Why the pictures were not made.
#[derive(Debug, thiserror::Error)]
pub enum ScreenshotError {
    /// The simulated fleet could not be shown.
    #[error("cannot draw {name}: {source}")]
    Stage {
        /// The picture.
        name: &'static str,
        /// Why not.
        source: StageError,
    },
    /// A file could not be written.
    #[error("cannot write {}: {source}; is the directory writable?", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Draws one picture.
///
/// # Errors
/// When its world cannot be made.
pub async fn picture(shot: &Shot) -> Result<String, ScreenshotError> {
    let failed = |source| ScreenshotError::Stage { name: shot.name, source };
    if shot.setup {
        let drawn = setup::picture(SEED, shot.size, shot.keys).await.map_err(failed)?;
        return Ok(svg(&drawn, shot.title, &Canvas::DARK));
    }
    let mut stage = Stage::open(shot.scenario, SEED, shot.theme, shot.size).await.map_err(failed)?;
    for keys in shot.keys {
        stage.press(keys).await;
    }
    let canvas = if shot.theme == "light" { Canvas::LIGHT } else { Canvas::DARK };
    let canvas = canvas.on(stage.ground());
    Ok(svg(&stage.draw().map_err(failed)?, shot.title, &canvas))
}

/// Writes every picture into a directory, which is made when it is not there. Returns the files.
///
/// # Errors
/// When a picture cannot be drawn or written; those before it are there.
pub async fn write(directory: &Path) -> Result<Vec<PathBuf>, ScreenshotError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ScreenshotError::Write { path, source }
    };
    std::fs::create_dir_all(directory).map_err(failed(directory))?;
    let mut written = Vec::new();
    for shot in SHOTS {
        let path = directory.join(format!("{}.svg", shot.name));
        std::fs::write(&path, picture(shot).await?).map_err(failed(&path))?;
        written.push(path);
    }
    Ok(written)
}
