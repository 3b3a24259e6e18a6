//! Time and level of a line, whatever program wrote it.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Level;
use super::scan::{Scan, moment};

/// How many words after the time may stand before the level.
const WORDS_BEFORE_LEVEL: usize = 4;

/// What a line says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// When it was written.
    pub time: Option<Timestamp>,
    /// How serious it is.
    pub level: Option<Level>,
}

type Read<'a> = Option<(Option<Timestamp>, Option<Level>, Scan<'a>)>;

/// Reads a line's own time and level. `near` is a time not far from it, for dates without a year.
#[must_use]
pub fn stamp(text: &str, near: Timestamp) -> Stamp {
    let mut scan = Scan(text);
    for read in [dashed, slashed, dotted, redis, syslog, access] {
        if let Some((time, level, rest)) = read(scan, near) {
            let level = level.or_else(|| level_in(rest));
            return Stamp { time, level };
        }
    }
    if let Some(stamp) = report(scan, near) {
        return stamp;
    }
    // Without a time only a word at the very beginning counts.
    Stamp { time: None, level: level_of(scan.word()) }
}

/// `2026-11-22 12:00:00,123`, with or without brackets, fraction and zone: Python, Gunicorn, Celery, `PostgreSQL`,
/// `PgBouncer`, `RabbitMQ`, Supervisor; `2026-11-22T12:00:00.123+00:00 host program[1]:` of journal and syslog.
fn dashed(mut scan: Scan<'_>, _: Timestamp) -> Read<'_> {
    let _ = scan.eat("[");
    let date = scan.date("-")?;
    let iso = scan.eat("T").is_some();
    if !iso {
        scan.eat(" ")?;
    }
    let written = scan.0;
    let time = scan.time()?;
    // Python separates the fraction with a comma, and never names a zone.
    let python = written[..written.len() - scan.0.len()].contains(',');
    let foreign = !python && scan.has_foreign_zone();
    let zone = scan.zone();
    let at = if foreign && zone.is_none() { None } else { moment(date, time, zone) };
    // host program[1]: of the journal; what a program writes to it may begin with its own level.
    let mut rest = scan;
    let (host, program) = (rest.word(), rest.word());
    if iso && level_of(host).is_none() && program.ends_with(':') {
        return Some((at, level_of(rest.word()), Scan("")));
    }
    Some((at, None, scan))
}

/// `2026/11/22 12:00:00 [error]` of Nginx.
fn slashed(mut scan: Scan<'_>, _: Timestamp) -> Read<'_> {
    let date = scan.date("/")?;
    scan.eat(" ")?;
    Some((moment(date, scan.time()?, None), None, scan))
}

/// `2026.11.22 12:00:00 LOG5[1:2]:` of Stunnel.
fn dotted(mut scan: Scan<'_>, _: Timestamp) -> Read<'_> {
    let date = scan.date(".")?;
    scan.eat(" ")?;
    let at = moment(date, scan.time()?, None);
    scan.eat(" LOG")?;
    let severity = u8::try_from(scan.number(1..=1)?).ok()?;
    Some((at, Some(Level::of_severity(severity)), scan))
}

/// `123:M 22 Nov 2026 12:00:00.123 *` of Redis; older ones leave out the year.
fn redis(mut scan: Scan<'_>, near: Timestamp) -> Read<'_> {
    let bracket = scan.eat("[").is_some();
    scan.number(1..=9)?;
    if bracket {
        scan.eat("]")?;
    } else {
        scan.eat(":")?;
        scan.0 = scan.0.strip_prefix(['M', 'S', 'C', 'X'])?;
    }
    scan.eat(" ")?;
    let day = scan.number(1..=2)?;
    scan.eat(" ")?;
    let month = scan.month()?;
    scan.eat(" ")?;
    let mut with_year = scan;
    let year = with_year.number(4..=4).filter(|_| with_year.eat(" ").is_some());
    if year.is_some() {
        scan = with_year;
    }
    let time = scan.time()?;
    let at = match year {
        Some(year) => moment((year, month, day), time, None),
        None => without_year((month, day), time, near),
    };
    let level = match scan.word() {
        "." => Level::Debug,
        "#" => Level::Warning,
        _ => Level::Info,
    };
    Some((at, Some(level), scan))
}

/// `Nov 22 12:00:00 host program[1]:`.
fn syslog(mut scan: Scan<'_>, near: Timestamp) -> Read<'_> {
    let month = scan.month()?;
    scan.eat(" ")?;
    scan.skip(&[' ']);
    let day = scan.number(1..=2)?;
    scan.eat(" ")?;
    let time = scan.time()?;
    let (_host, _program) = (scan.word(), scan.word());
    Some((without_year((month, day), time, near), level_of(scan.word()), Scan("")))
}

/// `1.2.3.4 - jane [22/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 500 12`: the status is the level.
fn access(mut scan: Scan<'_>, _: Timestamp) -> Read<'_> {
    let bracket = scan.0.find('[').filter(|at| *at < 300)?;
    scan.0 = &scan.0[bracket + 1..];
    let day = scan.number(2..=2)?;
    scan.eat("/")?;
    let month = scan.month()?;
    scan.eat("/")?;
    let year = scan.number(4..=4)?;
    scan.eat(":")?;
    let time = scan.time()?;
    let zone = scan.zone();
    let at = moment((year, month, day), time, zone);
    let level = status(scan).map(|status| match status {
        500.. => Level::Error,
        400.. => Level::Warning,
        _ => Level::Info,
    });
    Some((at, Some(level.unwrap_or(Level::Info)), scan))
}

/// The status after the request in quotes, which may hold quotes of its own.
fn status(scan: Scan<'_>) -> Option<i32> {
    let mut rest = scan.0.split("\" ").skip(1);
    rest.find_map(|after| {
        let mut after = Scan(after);
        after.number(3..=3).filter(|_| after.0.starts_with(' ') || after.0.is_empty())
    })
}

/// `=ERROR REPORT==== 22-Nov-2026::12:00:00 ===` of an old `RabbitMQ`.
fn report(mut scan: Scan<'_>, _: Timestamp) -> Option<Stamp> {
    scan.eat("=")?;
    let level = Level::of_word(scan.word());
    scan.eat(" REPORT==== ")?;
    let day = scan.number(1..=2)?;
    scan.eat("-")?;
    let month = scan.month()?;
    scan.eat("-")?;
    let year = scan.number(4..=4)?;
    scan.eat("::")?;
    Some(Stamp { time: moment((year, month, day), scan.time()?, None), level })
}

/// The year that brings it closest to `near`.
fn without_year((month, day): (i32, i32), time: (i32, i32, i32, i32), near: Timestamp) -> Option<Timestamp> {
    let year = i32::from(near.to_zoned(TimeZone::UTC).year());
    let distance = |at: &Timestamp| near.duration_since(*at).abs();
    [year - 1, year, year + 1]
        .into_iter()
        .filter_map(|year| moment((year, month, day), time, None))
        .min_by_key(|at| distance(at))
        .filter(|at| distance(at) < SignedDuration::from_hours(24 * 200))
}

/// A level among the first words after the time.
fn level_in(mut rest: Scan<'_>) -> Option<Level> {
    rest.skip(&[':', ']', ' ']);
    (0..=WORDS_BEFORE_LEVEL).find_map(|_| level_of(rest.word()))
}

/// `INFO`, `[info]`, `INFO/MainProcess]`, `ERROR:`. In lower case only with something around it, for people write
/// about errors, too.
fn level_of(word: &str) -> Option<Level> {
    let bare = word.trim_matches(['[', ']', '<', '>', '(', ')', ':', ',', '"']);
    let bare = bare.split(['/', '[', '|']).next().unwrap_or_default();
    let marked = word.starts_with(['[', '<', '(']) || word.ends_with(':');
    let large = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if marked || large { Level::of_word(bare) } else { None }
}

/// So far a line's own time may lie ahead of its arrival.
const AHEAD: SignedDuration = SignedDuration::from_secs(5);

/// How `PostgreSQL` begins what it adds to the line before.
const ADDED: [&str; 5] = [" DETAIL:  ", " HINT:  ", " CONTEXT:  ", " STATEMENT:  ", " QUERY:  "];

/// What the lines of one log said before: lines without a time or level of their own belong to the one before them,
/// as a traceback does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    last: Stamp,
}

impl Context {
    /// Reads the next line of this log. Its time is its own, else that of the line before, else when it arrived;
    /// it never lies before the one before. Its level is its own, else that of the line it belongs to.
    pub fn read(&mut self, text: &str, arrived: Timestamp) -> (Timestamp, Option<Level>) {
        // Neither a clock that runs ahead nor a line that only looks dated may date what follows.
        let latest = arrived.checked_add(AHEAD).unwrap_or(arrived);
        let own = stamp(text, arrived);
        let own = Stamp { time: own.time.map(|time| time.min(latest)), ..own };
        let time = match (own.time, self.last.time) {
            (Some(own), Some(last)) => own.max(last),
            (own, last) => own.or(last).unwrap_or(arrived),
        };
        // A log without times has no blocks either.
        let added = own.time.is_none() || ADDED.iter().any(|word| text.contains(word));
        let goes_on = added && self.last.time.is_some();
        let level = own.level.or(if goes_on { self.last.level } else { None });
        if own.time.is_some() {
            self.last = Stamp { time: Some(time), level };
        }
        (time, level)
    }
}
