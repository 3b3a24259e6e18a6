//! Notices when the operator's own files change. Editors replace files, so directories are watched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::look::{Places, load_look};
use crate::config::{Preferences, Problem};
use crate::console::state::Look;

/// How long a file must lie still: editors write in several steps.
const STILL: Duration = Duration::from_millis(60);

/// Changes of the operator's files.
pub struct Changes {
    noticed: mpsc::Receiver<()>,
    watcher: Option<RecommendedWatcher>,
    failed: Option<String>,
    since: Option<Instant>,
}

/// Starts to watch the directories of the operator's files.
pub fn watch(places: &Places) -> Changes {
    let (tell, noticed) = mpsc::channel(1);
    let ours = places.clone();
    let made = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let concerns = match &event {
            Ok(event) => !event.kind.is_access() && event.paths.iter().any(|path| concerns(&ours, path)),
            Err(_) => true,
        };
        if concerns {
            // A full queue holds a notice already.
            let _ = tell.try_send(());
        }
    });
    let (watcher, failed) = match made {
        Ok(watcher) => (Some(watcher), None),
        Err(error) => (None, Some(format!("Files are not watched: {error}; changes want a new start"))),
    };
    let mut changes = Changes { noticed, watcher, failed, since: None };
    changes.follow(places);
    changes
}

/// Whether a change at this path may matter: other files of a project are none of ours.
fn concerns(places: &Places, path: &Path) -> bool {
    let preferences = path.file_name().is_some_and(|name| name == "quarterdeck.toml");
    // A directory above ours matters too: ours may just have been made.
    let own = |dir: &PathBuf| path.starts_with(dir) || dir.starts_with(path);
    preferences || places.config_dir.as_ref().is_some_and(own)
}

impl Changes {
    /// Waits for a change, and until the files lie still. Nothing is lost when the waiting is given up.
    pub async fn next(&mut self) {
        if self.since.is_none() {
            match self.noticed.recv().await {
                Some(()) => self.since = Some(Instant::now()),
                None => std::future::pending().await,
            }
        }
        if let Some(since) = self.since {
            sleep_until(since + STILL).await;
        }
        while self.noticed.try_recv().is_ok() {}
        self.since = None;
    }

    /// Reads everything again; the last is what the operator should know about watching.
    pub async fn reload(&mut self, places: &Places, base: &[Problem]) -> (Look, Preferences, Option<String>) {
        self.follow(places);
        let (places, base) = (places.clone(), base.to_vec());
        let read = tokio::task::spawn_blocking(move || {
            let (preferences, mut problems) = places.preferences();
            // Those of the project's config are not read again.
            problems.splice(0..0, base);
            (load_look(&places, &preferences, &problems), preferences)
        });
        let (look, preferences) = read.await.unwrap_or_default();
        (look, preferences, self.failed.take())
    }

    /// Watches each directory that exists by now, the upper ones first, so that one made meanwhile is not
    /// missed. Watching again is harmless, and needed where a directory was replaced.
    fn follow(&mut self, places: &Places) {
        let Some(watcher) = &mut self.watcher else { return };
        let config = places.config_dir.as_ref();
        let above = config.and_then(|dir| dir.ancestors().skip(1).find(|above| above.is_dir()));
        let inside = config.map(|dir| {
            let mut between: Vec<PathBuf> =
                dir.ancestors().take_while(|a| Some(*a) != above).map(Path::to_owned).collect();
            between.reverse();
            between.extend([dir.join("keymaps"), dir.join("themes")]);
            between
        });
        let wanted = places.project_dir.iter().cloned().chain(above.map(Path::to_owned));
        for dir in wanted.chain(inside.into_iter().flatten()).filter(|dir| dir.is_dir()) {
            if let Err(error) = watcher.watch(&dir, RecursiveMode::NonRecursive) {
                let dir = dir.display();
                self.failed = Some(format!("{dir} is not watched: {error}; changes there want a new start"));
            }
        }
    }
}
