//! Secrets from outside the project: what the operator's program prints, and masking values that come to be known.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::args::Globals;
use crate::cli::{console, ssh};
use crate::config::Project;
use crate::config::secrets::Secret;
use crate::remote::clean_text::{CleanText, Cleaner, Secrets};
use crate::remote::openssh::OpenSsh;
use crate::template::{Ask, Mask, Outside};

/// So long a program has: somebody may have to touch a key.
const PATIENCE: Duration = Duration::from_secs(30);

/// Nothing that is longer is a secret, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Masks the secrets of every environment in texts that leave this machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hide(Arc<Secrets>);

impl Hide {
    /// What stands in the project's files; nothing in the sandbox, which has no secrets.
    pub(crate) fn of(globals: &Globals) -> Self {
        if globals.sandbox {
            return Self::default();
        }
        // That there is no project is said by whoever wants to look at it.
        let Ok((project, _)) = crate::cli::target::project(globals) else { return Self::default() };
        Self::new(&ssh::known(globals, &project))
    }

    fn new(known: &[Secret]) -> Self {
        Self(Arc::new(Secrets::new(known.iter().map(Secret::expose))))
    }

    /// A text of one line without them.
    pub(crate) fn hidden(&self, text: &str) -> String {
        let mut cleaner = Cleaner::with_longest(Arc::clone(&self.0), text.len() + 1);
        let mut lines = Vec::new();
        cleaner.feed(text.as_bytes(), &mut lines);
        lines.extend(cleaner.finish());
        lines.iter().map(CleanText::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// The ways out of the project's directory, as the operator's own preferences have them.
pub(crate) fn outside(globals: &Globals, project: &Project, dir: &Path, servers: Option<OpenSsh>) -> Outside {
    let (preferences, _) = console::places(globals).preferences();
    let words: Vec<String> = preferences.secrets_command.split_whitespace().map(ToOwned::to_owned).collect();
    let (dir, name) = (dir.to_owned(), project.project_name().to_string());
    let ask = words.first().cloned().map(|program| {
        let ask: Ask = Arc::new(move |environment, secret| {
            let put_in = |word: &String| {
                let word = word.replace("{project}", &name);
                word.replace("{environment}", environment).replace("{name}", secret)
            };
            printed(&words.iter().map(put_in).collect::<Vec<_>>(), &dir, PATIENCE)
        });
        (program, ask)
    });
    let known = Mutex::new(ssh::known(globals, project));
    let mask = servers.map(|servers| -> Mask {
        Arc::new(move |values| {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            let new: Vec<Secret> = values.into_iter().filter(|value| !known.contains(value)).collect();
            if !new.is_empty() {
                known.extend(new);
                servers.mask(Secrets::new(known.iter().map(Secret::expose)));
            }
        })
    });
    Outside::new(ask, mask)
}

/// The first line that a program prints. What else it says is not told: it might be the secret.
fn printed(words: &[String], dir: &Path, patience: Duration) -> Result<Secret, String> {
    let Some((program, arguments)) = words.split_first() else { return Err("there is no command".into()) };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("`{program}` cannot be run: {error}"))?;
    let read = read(&mut child);
    let deadline = Instant::now() + patience;
    let late = || format!("`{program}` did not end within {} s", patience.as_secs());
    let Ok(text) = read.recv_timeout(patience) else {
        end(&mut child);
        return Err(late());
    };
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
            Ok(None) => {
                end(&mut child);
                return Err(late());
            }
            Err(error) => return Err(format!("how `{program}` ended is not known: {error}")),
        }
    };
    if !status.success() {
        return Err(format!("`{program}` ended with {status}: run it by hand to see why"));
    }
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| format!("`{program}` printed no text"))?;
    let value = text.lines().next().unwrap_or_default();
    if value.is_empty() || text.len() as u64 > LONGEST {
        return Err(format!("`{program}` printed no secret"));
    }
    Ok(Secret::new(value.to_owned()))
}

/// Reads what it prints beside us: a program that never ends is given up.
fn read(child: &mut Child) -> mpsc::Receiver<Option<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    let out = child.stdout.take();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = out.map(|out| out.take(LONGEST + 1).read_to_end(&mut bytes));
        let _ = sender.send(read.and_then(Result::ok).map(|_| bytes));
    });
    receiver
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(script: &str) -> Result<String, String> {
        let words = ["sh", "-c", script].map(ToOwned::to_owned);
        printed(&words, Path::new("/"), Duration::from_secs(1)).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn a_text_that_leaves_this_machine_has_no_secret_in_it() {
        let hide = Hide::new(&[Secret::new("s3cr3t/of".into()), Secret::new("abc".into())]);
        let text = "psql postgres://u:s3cr3t%2Fof@db 'PASSWORD s3cr3t/of'";
        assert_eq!(hide.hidden(text), "psql postgres://u:••••@db 'PASSWORD ••••'");
        assert_eq!(Hide::default().hidden("as it was\nin two lines"), "as it was in two lines");
    }

    #[test]
    fn the_first_line_is_the_secret_and_what_a_program_prints_is_in_no_message() {
        assert_eq!(asked("echo \"it's \\$x ü\"; echo more"), Ok("it's $x ü".to_owned()));
        for (script, why) in [
            ("echo hunter22; echo hunter22 >&2; exit 3", "exit status: 3"),
            ("true", "printed no secret"),
            ("printf '\\377'", "printed no text"),
            ("exec sleep 60", "did not end within 1 s"),
        ] {
            let told = asked(script).unwrap_err();
            assert!(
                told.contains("`sh`") && told.contains(why) && !told.contains("hunter22"),
                "{script}: {told}"
            );
        }
        let none = printed(&["/nowhere/pass".to_owned()], Path::new("/"), PATIENCE).unwrap_err();
        assert!(none.contains("`/nowhere/pass` cannot be run"), "{none}");
    }
}
