//! Tells somebody who looks elsewhere: the terminal's bell or notification, and the operator's own command.

use std::io::{self, Write};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::config::Notify;
use crate::console::event::Notice;

/// How long the operator's command may take.
const HOOK: Duration = Duration::from_secs(60);

/// Rings or notifies, as preferred.
pub(super) fn terminal(how: Notify, notice: &Notice) -> io::Result<()> {
    let Some(bytes) = sequence(how, &std::env::var("TERM").unwrap_or_default(), &notice.words) else {
        return Ok(());
    };
    let mut out = io::stdout().lock();
    out.write_all(bytes.as_bytes())?;
    out.flush()
}

/// What the terminal is sent. Nothing in the words can end the sequence, or begin another.
fn sequence(how: Notify, terminal: &str, words: &str) -> Option<String> {
    let words: String =
        crate::fleet::text::one_line(words).chars().filter(|c| !c.is_control()).take(200).collect();
    match how {
        Notify::None => None,
        Notify::Bell => Some("\u{7}".into()),
        // These know only the one of urxvt.
        Notify::Osc if ["rxvt", "foot"].iter().any(|name| terminal.starts_with(name)) => {
            Some(format!("\u{1b}]777;notify;quarterdeck;{}\u{7}", words.replace(';', ",")))
        }
        Notify::Osc => Some(format!("\u{1b}]9;{words}\u{7}")),
    }
}

/// Runs the operator's command, with what happened in its environment. It is not waited for; its failure is written to
/// the log.
pub(super) fn hook(command: &str, notice: &Notice) {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command);
    shell.env("QUARTERDECK_RUN", &notice.run);
    shell.env("QUARTERDECK_STATE", notice.state);
    shell.env("QUARTERDECK_ENVIRONMENT", &notice.environment);
    shell.env("QUARTERDECK_OPERATION", &notice.operation);
    shell.env("QUARTERDECK_MESSAGE", &notice.words);
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A group of its own: ctrl-c here is not meant for it.
    shell.process_group(0).kill_on_drop(true);
    tokio::spawn(async move {
        match shell.spawn() {
            Ok(mut child) => match timeout(HOOK, child.wait()).await {
                Ok(Ok(status)) if status.success() => {}
                Ok(status) => tracing::warn!(?status, "the hook failed"),
                Err(_) => tracing::warn!("the hook took longer than a minute and was ended"),
            },
            Err(error) => tracing::warn!(%error, "the hook could not be started"),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_leave_their_place_in_the_terminals_notification() {
        let words = "run 7: done\u{7}\u{1b}]0;title\u{7}; x";
        let sent = sequence(Notify::Osc, "xterm-256color", words).unwrap();
        assert!(sent.starts_with("\u{1b}]9;run 7: done"), "{sent:?}");
        assert_eq!(sent.matches('\u{7}').count(), 1, "{sent:?}");
        assert_eq!(sent.matches('\u{1b}').count(), 1, "{sent:?}");
        let sent = sequence(Notify::Osc, "rxvt-unicode", "a; b").unwrap();
        assert_eq!(sent, "\u{1b}]777;notify;quarterdeck;a, b\u{7}");
        assert_eq!(sequence(Notify::Bell, "xterm", words).unwrap(), "\u{7}");
        assert_eq!(sequence(Notify::None, "xterm", words), None);
    }
}
