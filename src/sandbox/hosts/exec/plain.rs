//! Commands that are the same everywhere.

use super::{Scene, Steps, failed, out, steps};
use crate::sandbox::hosts::session::Step;

/// `yes` prints so many lines at a time, and so it does every simulated hundredth of a second.
const YES: usize = 500;

pub(super) fn echo(_: &Scene<'_>, arguments: &[String]) -> Steps {
    match arguments.split_first() {
        Some((first, rest)) if first == "-n" => out(rest.join(" ")),
        _ => out(arguments.join(" ") + "\n"),
    }
}

pub(super) fn exit(_: &Scene<'_>, arguments: &[String]) -> Steps {
    let Some(word) = arguments.first() else { return steps([Step::Exit(0)]) };
    match word.parse::<u64>() {
        Ok(code) => steps([Step::Exit(u8::try_from(code % 256).unwrap_or(u8::MAX))]),
        Err(_) => failed(format!("sh: 1: exit: Illegal number: {word}\n"), 2),
    }
}

pub(super) fn seq(_: &Scene<'_>, arguments: &[String]) -> Steps {
    let numbers: Result<Vec<i64>, _> = arguments.iter().map(|word| word.parse()).collect();
    let Ok(numbers) = numbers else {
        return failed("seq: invalid floating point argument\n".to_owned(), 1);
    };
    let (from, by, to) = match numbers[..] {
        [to] => (1, 1, to),
        [from, to] => (from, 1, to),
        [from, by, to] if by != 0 => (from, by, to),
        _ => return failed("seq: missing operand\n".to_owned(), 1),
    };
    let next = move |n: &i64| n.checked_add(by);
    let all =
        std::iter::successors(Some(from), next).take_while(move |n| if by > 0 { *n <= to } else { *n >= to });
    Box::new(all.map(|n| Step::Out(format!("{n}\n"))))
}

pub(super) fn sleep(_: &Scene<'_>, arguments: &[String]) -> Steps {
    let Some(word) = arguments.first() else {
        return failed("sleep: missing operand\n".to_owned(), 1);
    };
    let (number, unit) = match word.strip_suffix(['s', 'm', 'h']) {
        Some(number) if word.ends_with('m') => (number, 60.0),
        Some(number) if word.ends_with('h') => (number, 3_600.0),
        Some(number) => (number, 1.0),
        None => (word.as_str(), 1.0),
    };
    match number.parse::<f64>() {
        Ok(seconds) if (0.0..1.0e9).contains(&(seconds * unit)) => {
            let milliseconds = crate::sandbox::waves::whole(seconds * unit * 1_000.0);
            steps([Step::Wait(milliseconds.cast_signed())])
        }
        _ => failed(format!("sleep: invalid time interval ‘{word}’\n"), 1),
    }
}

pub(super) fn yes(_: &Scene<'_>, arguments: &[String]) -> Steps {
    let word = if arguments.is_empty() { "y".to_owned() } else { arguments.join(" ") };
    let lines = format!("{word}\n").repeat(YES);
    Box::new((0..).map(
        move |n: u64| {
            if n.is_multiple_of(2) { Step::Out(lines.clone()) } else { Step::Wait(10) }
        },
    ))
}
