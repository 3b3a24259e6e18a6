use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A moment not far from all examples.
fn near() -> Timestamp {
    at("2026-11-22T13:00:00Z")
}

#[test]
fn every_programs_lines_are_understood() {
    use Level::{Critical, Debug, Error, Info, Warning};
    let noon = at("2026-11-22T12:00:00Z");
    let milli = at("2026-11-22T12:00:00.123Z");
    let micro = at("2026-11-22T12:00:00.123456Z");
    for (line, time, level) in [
        // Nginx.
        (r#"10.0.0.9 - - [22/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "curl""#, noon, Some(Info)),
        (r#"10.0.0.9 - jane [22/Nov/2026:13:00:00 +0100] "GET /x\x22 HTTP/1.1" 404 12"#, noon, Some(Warning)),
        (r#"::1 - - [22/Nov/2026:12:00:00 +0000] "POST /a "b" HTTP/1.1" 502 0 "-" "x""#, noon, Some(Error)),
        (r#"10.0.0.9 - - [22/Nov/2026:12:00:00 +0000] "" 400 0 "-" "-""#, noon, Some(Warning)),
        (
            "2026/11/22 12:00:00 [error] 71#71: *1 connect() failed (111: Connection refused)",
            noon,
            Some(Error),
        ),
        ("2026/11/22 12:00:00 [emerg] 71#71: bind() failed", noon, Some(Critical)),
        // Gunicorn, Celery, Python's logging, Supervisor.
        ("[2026-11-22 12:00:00 +0000] [123] [INFO] Booting worker with pid: 123", noon, Some(Info)),
        ("[2026-11-22 12:00:00 +0000] [123] [CRITICAL] WORKER TIMEOUT (pid:124)", noon, Some(Critical)),
        ("[2026-11-22 12:00:00,123: INFO/MainProcess] celery@main ready.", milli, Some(Info)),
        ("[2026-11-22 12:00:00,123: ERROR/ForkPoolWorker-1] Task x raised", milli, Some(Error)),
        ("[2026-11-22 12:00:00,123: WARNING/Beat] late", milli, Some(Warning)),
        ("2026-11-22 12:00:00,123 WARNING django.request Not Found: /x", milli, Some(Warning)),
        ("2026-11-22 12:00:00,123 django.request ERROR Internal Server Error", milli, Some(Error)),
        ("2026-11-22 12:00:00,123 INFO success: gunicorn entered RUNNING state", milli, Some(Info)),
        ("2026-11-22 12:00:00,123 CRIT Supervisor is running as root.", milli, Some(Critical)),
        // PostgreSQL and PgBouncer.
        ("2026-11-22 12:00:00.123 UTC [71] LOG:  checkpoint starting: time", milli, Some(Info)),
        (
            "2026-11-22 12:00:00.123 UTC [71] app@app_staging ERROR:  relation \"x\" does not exist",
            milli,
            Some(Error),
        ),
        (
            "2026-11-22 12:00:00.123 UTC [71] FATAL:  the database system is starting up",
            milli,
            Some(Critical),
        ),
        ("2026-11-22 12:00:00.123 UTC [71] DEBUG2:  x", milli, Some(Debug)),
        ("2026-11-22 12:00:00.123 UTC [71] DETAIL:  an error is told here", milli, None),
        ("2026-11-22 12:00:00.123 UTC [71] LOG C-0x1: app/app@127.0.0.1:1 login attempt", milli, Some(Info)),
        ("2026-11-22 12:00:00.123 UTC [71] WARNING C-0x1: closing because: x", milli, Some(Warning)),
        ("2026-11-22 14:00:00.123 +02 [71] LOG:  x", milli, Some(Info)),
        // RabbitMQ, now and then.
        ("2026-11-22 12:00:00.123 [info] <0.9.0> Server startup complete", milli, Some(Info)),
        ("2026-11-22 12:00:00.123456+00:00 [error] <0.9.0> ** Generic server", micro, Some(Error)),
        ("2026-11-22 12:00:00.123456+00:00 [notice] <0.44.0> Logging", micro, Some(Info)),
        ("=WARNING REPORT==== 22-Nov-2026::12:00:00 ===", noon, Some(Warning)),
        // Redis.
        ("71:M 22 Nov 2026 12:00:00.123 * Background saving started by pid 99", milli, Some(Info)),
        ("71:S 22 Nov 2026 12:00:00.123 # Connection with master lost.", milli, Some(Warning)),
        ("[71] 22 Nov 12:00:00.123 # Server started", milli, Some(Warning)),
        // Stunnel.
        ("2026.11.22 12:00:00 LOG5[1:2]: Service [postgres] connected", noon, Some(Info)),
        ("2026.11.22 12:00:00 LOG3[12]: SSL_accept: error", noon, Some(Error)),
        // Syslog and the journal.
        ("Nov 22 12:00:00 web1 CRON[71]: (root) CMD (x)", noon, None),
        ("Nov 22 12:00:00 web1 app[71]: ERROR no such thing", noon, Some(Error)),
        ("Nov 22 12:00:00 web1 kernel: error is only a word here", noon, None),
        (
            "2026-11-22T12:00:00.123456+00:00 web1 nginx[71]: [emerg] told by the message",
            micro,
            Some(Critical),
        ),
        ("2026-11-22T12:00:00.123456+0000 web1 memcached[71]: WARNING: low", micro, Some(Warning)),
        ("2026-11-22T12:00:00.123Z INFO my.module: ISO from an application", milli, Some(Info)),
    ] {
        assert_eq!(stamp(line, near()), Stamp { time: Some(time), level }, "{line}");
    }
}

#[test]
fn what_has_no_time_has_none_and_words_in_a_text_are_no_level() {
    for (line, level) in [
        ("Traceback (most recent call last):", None),
        ("ValueError: error", None),
        ("there was an error", None),
        ("ERROR: it says so itself", Some(Level::Error)),
        ("", None),
        ("12345", None),
        ("[22/Nov/2026", None),
        ("2026-13-45 12:00:00", None),
        ("failed to send packet", None),
    ] {
        assert_eq!(stamp(line, near()), Stamp { time: None, level }, "{line:?}");
    }
    let foreign = stamp("2026-11-22 12:00:00.123 CET [71] LOG:  x", near());
    assert_eq!(foreign, Stamp { time: None, level: Some(Level::Info) }, "a zone that cannot be known");
}

#[test]
fn a_date_without_a_year_is_the_closest_one() {
    let near = at("2027-01-01T00:10:00Z");
    assert_eq!(stamp("Dec 31 23:59:59 h p: x", near).time, Some(at("2026-12-31T23:59:59Z")));
    assert_eq!(stamp("Jan  1 00:00:01 h p: x", near).time, Some(at("2027-01-01T00:00:01Z")));
    assert_eq!(stamp("Feb 29 00:00:01 h p: x", near).time, None, "there is none near");
}

#[test]
fn a_traceback_belongs_to_the_line_before_it() {
    let mut context = Context::default();
    let noon = at("2026-11-22T12:00:00Z");
    assert_eq!(context.read("orphan", near()), (near(), None));
    assert_eq!(context.read("2026-11-22 12:00:00,000 ERROR x failed", near()), (noon, Some(Level::Error)));
    assert_eq!(context.read("Traceback (most recent call last):", near()), (noon, Some(Level::Error)));
    assert_eq!(context.read("  File \"x.py\", line 3", near()), (noon, Some(Level::Error)));
    let detail = context.read("2026-11-22 12:00:00.000 UTC [71] DETAIL:  more about it", near());
    assert_eq!(detail, (noon, Some(Level::Error)), "PostgreSQL stamps what it adds, too");
    let back = context.read("2026-11-22 11:59:59,000 INFO earlier, but it comes after", near());
    assert_eq!(back, (noon, Some(Level::Info)));
}

#[test]
fn lines_wait_for_earlier_ones_of_other_logs_but_not_for_ever() {
    let second = |s: i64| Timestamp::from_second(1_795_348_800 + s).unwrap();
    let mut merge = Merge::new(SignedDuration::from_secs(1));
    merge.push(0, second(5), second(10), "b");
    merge.push(1, second(4), second(10), "a");
    assert!(merge.ready(second(10)).is_empty());
    assert_eq!(merge.next(), Some(second(11)));
    merge.push(2, second(6), second(11), "c");
    assert_eq!(merge.ready(second(11)), ["a", "b"]);
    merge.push(1, second(1), second(11), "too late, and its source goes on from where it was");
    merge.push(1, second(5), second(11), "d");
    assert_eq!(merge.ready(second(12)).len(), 3);
    merge.push(0, second(9), second(12), "e");
    assert_eq!(merge.rest(), ["e"]);
    assert_eq!(merge.next(), None);
}

#[test]
fn a_flood_does_not_wait_in_memory() {
    let now = near();
    let mut merge = Merge::new(SignedDuration::from_hours(1));
    let mut out = 0;
    for n in 0..50_000 {
        merge.push(n % 7, now, now, n);
        out += merge.ready(now).len();
        assert!(n + 1 - out <= 20_000);
    }
    assert_eq!(merge.rest().len(), 20_000);
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,80}",
        "[0-9\\[\\]:./, T+-]{0,40}",
        "(\\[)?20[0-9]{2}[-/.][0-9]{2}[-/.][0-9]{2}[ T][0-9:.,]{0,12}.{0,30}",
        "[0-9]{1,9}:[MSC] [0-9]{1,2} (Nov|Feb) [0-9]{0,4} .{0,30}",
        "(Jan|Nov) [ 0-9]{1,3} [0-9:]{0,9}.{0,30}",
    ]
}

proptest! {
    #[test]
    fn no_line_is_too_strange(text in line()) {
        let stamp = stamp(&text, near());
        let mut context = Context::default();
        let (time, level) = context.read(&text, near());
        prop_assert_eq!(time, stamp.time.unwrap_or(near()));
        prop_assert_eq!(level, stamp.level);
    }

    #[test]
    fn times_come_back_as_they_were_written(seconds in 0..4_000_000_000_i64, millis in 0..1000_i32) {
        let time = Timestamp::new(seconds, millis * 1_000_000).unwrap();
        let zoned = time.to_zoned(jiff::tz::TimeZone::UTC);
        let whole = Timestamp::from_second(seconds).unwrap();
        for (format, expected) in [
            ("[%Y-%m-%d %H:%M:%S,%3f: INFO/MainProcess] x", time),
            ("%Y-%m-%d %H:%M:%S.%3f UTC [1] LOG:  x", time),
            ("1:M %d %b %Y %H:%M:%S.%3f * x", time),
            ("%Y/%m/%d %H:%M:%S [info] x", whole),
            ("1.1.1.1 - - [%d/%b/%Y:%H:%M:%S +0000] \"GET / HTTP/1.1\" 200 1", whole),
        ] {
            let line = zoned.strftime(format).to_string();
            prop_assert_eq!(stamp(&line, near()), Stamp { time: Some(expected), level: Some(Level::Info) }, "{}", line);
        }
        let line = zoned.strftime("%b %e %H:%M:%S h p: x").to_string();
        let day = SignedDuration::from_hours(24);
        prop_assert_eq!(stamp(&line, time.checked_add(day).unwrap()).time, Some(whole));
    }

    /// Whatever comes in whatever order: each line goes out once, a source's lines stay in their order, and what
    /// waits together goes out by time.
    #[test]
    fn merging_loses_nothing_and_keeps_each_logs_order(
        lines in prop::collection::vec((0..4_usize, 0..50_i64, 0..3_i64), 0..60),
    ) {
        let second = |s: i64| Timestamp::from_second(1_795_348_800 + s).unwrap();
        let mut merge = Merge::new(SignedDuration::from_secs(2));
        let (mut now, mut out) = (100, Vec::new());
        for (n, (source, time, pause)) in lines.iter().enumerate() {
            now += pause;
            merge.push(*source, second(*time), second(now), (*source, n));
            out.extend(merge.ready(second(now)));
        }
        out.extend(merge.rest());
        prop_assert_eq!(out.len(), lines.len());
        for source in 0..4 {
            let order: Vec<_> = out.iter().filter(|(one, _)| *one == source).map(|(_, n)| *n).collect();
            prop_assert!(order.is_sorted());
        }
    }
}

#[test]
fn neither_a_fast_clock_nor_a_line_that_looks_dated_dates_what_follows() {
    let arrived: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let mut context = Context::default();
    let (time, _) = context.read("2099-01-01 00:00:00,000 INFO from the future", arrived);
    assert!(time.duration_since(arrived) <= jiff::SignedDuration::from_secs(5), "{time}");
    let later = arrived + jiff::SignedDuration::from_secs(60);
    let (time, _) = context.read("2026-11-22 12:01:00,000 INFO as it should be", later);
    assert_eq!(time, later);
}
