//! `tail`, `cat` and `ls` of the log files that there are, and the journal.

use super::{Scene, Steps, failed, out};
use crate::sandbox::hosts::logs::Source;
use crate::sandbox::hosts::session::Step;

/// `cat` shows so many lines; a whole day of requests would help nobody.
const MOST: usize = 2_000;
/// `tail -f` looks so often, in simulated milliseconds.
const LOOK: i64 = 500;

pub(super) fn tail(scene: &Scene<'_>, arguments: &[String]) -> rusqlite::Result<Steps> {
    let source = Source::of(&scene.view, scene.host)?;
    let (mut count, mut follow, mut files) = (10, false, Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-f" | "-F" => follow = true,
            "-n" => count = words.next().and_then(|number| number.parse().ok()).unwrap_or(count),
            other => match other.strip_prefix('-') {
                Some(number) => count = number.trim_start_matches('n').parse().unwrap_or(count),
                None => files.push(other.to_owned()),
            },
        }
    }
    let [file] = &files[..] else {
        return Ok(failed("tail: the simulated server wants one file\n".to_owned(), 1));
    };
    let Some(lines) = source.last(file, scene.view.now, count.min(MOST)) else {
        return Ok(absent("tail", file, &source));
    };
    let first = Step::Out(lines.into_iter().map(|line| line + "\n").collect());
    if !follow {
        return Ok(Box::new([first].into_iter()));
    }
    let (file, now) = (file.clone(), scene.view.now);
    let more = (0_i64..).flat_map(move |turn| {
        let after = now + turn * LOOK;
        let lines = source.fresh(&file, after, after + LOOK);
        [Step::Wait(LOOK), Step::Out(lines.into_iter().map(|line| line + "\n").collect())]
    });
    Ok(Box::new([first].into_iter().chain(more)))
}

pub(super) fn cat(scene: &Scene<'_>, arguments: &[String]) -> rusqlite::Result<Steps> {
    let source = Source::of(&scene.view, scene.host)?;
    let mut steps = Vec::new();
    for file in arguments {
        match source.last(file, scene.view.now, MOST) {
            Some(lines) => steps.push(Step::Out(lines.into_iter().map(|line| line + "\n").collect())),
            None => return Ok(absent("cat", file, &source)),
        }
    }
    Ok(Box::new(steps.into_iter()))
}

pub(super) fn ls(scene: &Scene<'_>, arguments: &[String]) -> rusqlite::Result<Steps> {
    let source = Source::of(&scene.view, scene.host)?;
    let Some(directory) = arguments.iter().find(|word| !word.starts_with('-')) else {
        return Ok(out(String::new()));
    };
    let directory = format!("{}/", directory.trim_end_matches('/'));
    let files = source.files();
    let mut names: Vec<&str> = files
        .iter()
        .filter_map(|file| file.strip_prefix(&directory))
        .filter_map(|rest| rest.split('/').next())
        .collect();
    names.dedup();
    if names.is_empty() {
        return Ok(absent("ls", directory.trim_end_matches('/'), &source));
    }
    Ok(out(names.join("\n") + "\n"))
}

fn absent(tool: &str, file: &str, source: &Source) -> Steps {
    let verb = if tool == "tail" { "cannot open" } else { "cannot access" };
    let text = format!(
        "{tool}: {verb} '{file}': No such file or directory\nThis is a simulated server. It has only: {}.\n",
        source.files().join(", ")
    );
    failed(text, 1)
}

pub(super) fn journal(scene: &Scene<'_>, arguments: &[String]) -> rusqlite::Result<Steps> {
    let source = Source::of(&scene.view, scene.host)?;
    let (mut count, mut units) = (40, Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-n" => count = words.next().and_then(|number| number.parse().ok()).unwrap_or(count),
            "-u" => units.extend(words.next().cloned()),
            _ => {}
        }
    }
    let lines = source.journal(&units, scene.view.now, count.min(MOST));
    Ok(out(lines.into_iter().map(|line| line + "\n").collect()))
}
