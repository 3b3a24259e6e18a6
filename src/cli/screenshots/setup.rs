//! The guided setup without a terminal: its real state, reducer and view, in a directory that is made up, on a region
//! of the sandbox.

use std::collections::BTreeMap;
use std::path::Path;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::stage::StageError;
use crate::cloud::CloudRead as _;
use crate::config::secrets::Secret;
use crate::console::setup::{Ask, Input, SetupState, draw};
use crate::console::state::Look;
use crate::console::theme::{self, Depth};
use crate::console::{chord, keymap};
use crate::sandbox::{SandboxCloud, Scenario};
use crate::setup::{Branches, Effect, Event, Facts, Found, Gathered, LENGTH, MyKey, Probe, Wizard};

/// Draws it after these keys.
pub(super) async fn picture(seed: u64, size: (u16, u16), keys: &[&str]) -> Result<Buffer, StageError> {
    let cloud = SandboxCloud::in_memory(Scenario::Calm, seed)?;
    let theme = theme::load("dark", &BTreeMap::new(), Depth::True).0;
    let keymap = keymap::load("default", Path::new("quarterdeck.toml"), &|_| None).0;
    let (wizard, _) = Wizard::new(facts(), None);
    let mut state = SetupState::new(wizard, Look { theme, keymap, ..Look::default() }, size);
    for word in keys {
        let pressed: Vec<KeyEvent> = match chord::parse(word) {
            Some(key) => vec![key.into()],
            None => word.chars().map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)).collect(),
        };
        for key in pressed {
            let mut asks = state.reduce(Input::Key(key));
            while let Some(ask) = asks.pop() {
                if let Ask::Setup(effect) = ask
                    && let Some(event) = told(&cloud, effect).await
                {
                    asks.extend(state.reduce(Input::Told(event)));
                }
            }
        }
    }
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).map_err(|_| StageError::Draw)?;
    terminal.draw(|frame| draw(frame, &state)).map_err(|_| StageError::Draw)?;
    Ok(terminal.backend().buffer().clone())
}

fn facts() -> Facts {
    let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl jane@laptop";
    Facts {
        directory: "shop".into(),
        user: "jane".into(),
        origin: Some("git@git.example.com:shop/shop.git".into()),
        requirements: vec!["requirements/production.txt".into()],
        wsgi: vec!["shop.wsgi:application".into()],
        celery: vec!["shop.celery".into()],
        has_code: true,
        keys: vec![MyKey { file: "~/.ssh/id_ed25519.pub".into(), line: line.into() }],
        sandbox: true,
        ..Facts::default()
    }
}

/// What the world says, the same every time.
async fn told(cloud: &SandboxCloud, effect: Effect) -> Option<Event> {
    Some(match effect {
        Effect::Look(ticket, Probe::Repository(_)) => {
            let names = vec!["develop".into(), "main".into()];
            Event::Found(ticket, Found::Repository(Ok(Branches { head: Some("main".into()), names })))
        }
        Effect::Look(ticket, Probe::Text(_)) => {
            Event::Found(ticket, Found::Text(Ok(Some("application = None\n".into()))))
        }
        Effect::Look(ticket, Probe::Domain(_)) => Event::Found(ticket, Found::Domain(Ok(Vec::new()))),
        Effect::Offers(region) => {
            let offers = cloud.offers().await.map_err(|error| error.to_string());
            Event::Offers(region, offers)
        }
        Effect::Gather { secrets, .. } => {
            let value = |item| (item, Secret::new("x".repeat(LENGTH)));
            let secrets = secrets.into_iter().map(value).collect();
            Event::Gathered(Gathered { secrets, ..Gathered::default() })
        }
        Effect::Write(_) => Event::Wrote(Ok(())),
        Effect::Keep(_) | Effect::End => return None,
    })
}
