//! The log: a file a day under the state directory, seven of them at most.

use std::path::Path;

use tracing::Level;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Names the level: off, error, warn, info, debug or trace.
pub(crate) const VARIABLE: &str = "QUARTERDECK_LOG";

/// How many files are kept.
const FILES: usize = 7;

/// Keeps the log's writer alive; when it is dropped what is still queued is written.
#[must_use]
pub(crate) struct Log {
    _guard: Option<WorkerGuard>,
    /// What is wrong with logging, for people. The program goes on.
    pub(crate) problems: Vec<String>,
}

/// Starts logging to `<state>/log/`. Without a place to write, there is no log and a problem says why.
pub(crate) fn start(state: Option<&Path>, level: Option<&str>) -> Log {
    let mut problems = Vec::new();
    let level = level_of(level, &mut problems);
    let Some(state) = state else {
        problems.push("No log: there is no home directory; name a place with --state-dir".into());
        return Log { _guard: None, problems };
    };
    let directory = state.join("log");
    let appender = std::fs::create_dir_all(&directory).map_err(|e| e.to_string()).and_then(|()| {
        RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix("quarterdeck")
            .filename_suffix("log")
            .max_log_files(FILES)
            .build(&directory)
            .map_err(|e| std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string))
    });
    match appender {
        Ok(appender) => {
            let (writer, guard) = tracing_appender::non_blocking(appender);
            let format = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
            // A second start in one process, as in tests, keeps the first log.
            let _ = tracing_subscriber::registry().with(targets(level)).with(format).try_init();
            Log { _guard: Some(guard), problems }
        }
        Err(error) => {
            let place = crate::fleet::text::one_line(&directory.display().to_string());
            let error = crate::fleet::text::one_line(&error);
            problems.push(format!(
                "No log: {place} cannot be written ({error}); name another place with --state-dir"
            ));
            Log { _guard: None, problems }
        }
    }
}

/// Our own level is the operator's. Everything else, the AWS SDK first, only warns whatever the level:
/// its debug lines hold requests and credentials.
fn targets(level: LevelFilter) -> Targets {
    Targets::new().with_default(Level::WARN).with_target("quarterdeck", level)
}

fn level_of(word: Option<&str>, problems: &mut Vec<String>) -> LevelFilter {
    match word.map(str::trim).filter(|w| !w.is_empty()) {
        None => LevelFilter::INFO,
        Some(word) => word.parse().unwrap_or_else(|_| {
            let word = crate::fleet::text::one_line(word);
            problems.push(format!(
                "{VARIABLE} is “{word}”, which is no level: use off, error, warn, info, debug or trace"
            ));
            LevelFilter::INFO
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_only_warns_whatever_the_level() {
        let targets = targets(LevelFilter::TRACE);
        assert!(targets.would_enable("quarterdeck::refresh", &Level::TRACE));
        assert!(!targets.would_enable("aws_smithy_runtime::client", &Level::INFO));
        assert!(targets.would_enable("aws_smithy_runtime::client", &Level::WARN));
    }

    #[test]
    fn a_level_that_is_none_is_named_and_the_default_holds() {
        let mut problems = Vec::new();
        assert_eq!(level_of(Some("loud"), &mut problems), LevelFilter::INFO);
        assert!(problems[0].contains("loud") && problems[0].contains("debug"), "{problems:?}");
        assert_eq!(level_of(Some("debug"), &mut problems), LevelFilter::DEBUG);
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn a_place_that_cannot_be_written_stops_only_the_log() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = start(Some(file.path()), None);
        assert_eq!(log.problems.len(), 1);
        assert!(log.problems[0].starts_with("No log: ") && log.problems[0].contains("--state-dir"));
    }
}
