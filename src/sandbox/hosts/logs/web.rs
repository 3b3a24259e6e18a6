//! Nginx: requests and complaints.

use super::{Lines, Source, time};
use crate::sandbox::hosts::truth::services;
use crate::sandbox::waves::{daily, whole};

/// The load balancer's health check comes so often, from each of its nodes.
const CHECK: i64 = 10_000;

const PATHS: [(&str, u16, u64); 14] = [
    ("GET / HTTP/1.1", 200, 18_412),
    ("GET /survey/ HTTP/1.1", 200, 24_118),
    ("GET /survey/4711/ HTTP/1.1", 200, 31_902),
    ("POST /survey/4711/answer/ HTTP/1.1", 302, 0),
    ("GET /survey/4711/results/ HTTP/1.1", 200, 52_077),
    ("GET /accounts/login/ HTTP/1.1", 200, 6_014),
    ("POST /accounts/login/ HTTP/1.1", 302, 0),
    ("GET /api/v1/answers/?page=2 HTTP/1.1", 200, 9_120),
    ("GET /api/v1/me/ HTTP/1.1", 200, 612),
    ("GET /static/CACHE/css/output.4f1d2c.css HTTP/1.1", 304, 0),
    ("GET /static/CACHE/js/output.9b0c7a.js HTTP/1.1", 200, 88_310),
    ("GET /media/logo.png HTTP/1.1", 200, 14_220),
    ("GET /favicon.ico HTTP/1.1", 200, 1_150),
    ("GET /wp-login.php HTTP/1.1", 404, 1_245),
];

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "python-requests/2.32.3",
];

/// A node of the load balancer.
fn node(n: i64) -> String {
    format!("10.0.5.{}", 11 + 30 * n)
}

/// When the nodes of the load balancer ask in a span of time.
fn checks(start: i64, span: i64) -> impl Iterator<Item = (i64, i64)> {
    (0..2_i64).flat_map(move |n| {
        let offset = 3_100 + 4_700 * n;
        let first = (start - offset + CHECK - 1).div_euclid(CHECK);
        (first..)
            .map(move |turn| turn * CHECK + offset)
            .take_while(move |at| *at < start + span)
            .map(move |at| (at, n))
    })
}

/// Whether Gunicorn answers at a moment; none while all is well.
fn ill(source: &Source, at: i64) -> Option<bool> {
    let Some(_) = services::failing_since(&source.host).filter(|since| at >= *since) else {
        return source.host.spoilt.filter(|since| at >= *since).map(|_| true);
    };
    let (_, age, _) = services::gunicorn_turn(at, &source.host);
    Some((2_000..services::STANDS).contains(&age))
}

pub(super) fn access(source: &Source, start: i64) -> Lines {
    let mut lines = Vec::new();
    for (at, n) in checks(start, 1_000) {
        let (status, size) = match ill(source, at) {
            None => (200, 2),
            Some(true) => (500, 145),
            Some(false) => (502, 157),
        };
        lines.push((
            at,
            format!(
                "{} - - [{}] \"GET /healthcheck.html HTTP/1.1\" {status} {size} \"-\" \"ELB-HealthChecker/1.0\"",
                node(n),
                time(at, "%d/%b/%Y:%H:%M:%S +0000")
            ),
        ));
    }
    // A server that is out of service gets no requests of people.
    if ill(source, start - 30_000).is_some() {
        return lines;
    }
    let rate = source.share * daily(start.div_euclid(60_000));
    let luck = source.dice.unit(&format!("requests {}", source.host.id), start.cast_unsigned());
    let count = whole(rate * (0.6 + 0.8 * luck) + (luck * 7.0).fract() - 0.5);
    for n in 0..i64::try_from(count).unwrap_or(0) {
        let at = source.moment("request", start, 1_000, n);
        let luck = source.draw("request of", start.wrapping_mul(1_024).wrapping_add(n));
        let pick = |part: u64, of: usize| usize::try_from((luck >> part) % of as u64).unwrap_or(0);
        let (request, status, size) = PATHS[pick(0, PATHS.len() * 3) % PATHS.len()];
        // Few ask for what is not there.
        let (request, status, size) =
            if status == 404 && pick(8, 8) > 0 { PATHS[0] } else { (request, status, size) };
        let (request, status) = match ill(source, at) {
            Some(_) => (request, 500),
            None => (request, status),
        };
        lines.push((
            at,
            format!(
                "203.0.113.{} - - [{}] \"{request}\" {status} {} \"-\" \"{}\"",
                1 + pick(16, 250),
                time(at, "%d/%b/%Y:%H:%M:%S +0000"),
                size + u64::from(size > 0) * (luck >> 40) % 900,
                AGENTS[pick(24, AGENTS.len())]
            ),
        ));
    }
    lines
}

pub(super) fn error(source: &Source, start: i64) -> Lines {
    let mut lines = Vec::new();
    for (at, n) in checks(start, 10_000) {
        let (client, number) = (node(n), source.draw("connection", at) % 90_000 + 10_000);
        let stamp = time(at, "%Y/%m/%d %H:%M:%S");
        let request = "request: \"GET /healthcheck.html HTTP/1.1\"";
        let full = source.host.trouble("disk-full").is_some();
        match ill(source, at) {
            Some(false) => lines.push((
                at,
                format!(
                    "{stamp} [error] 712#712: *{number} connect() failed (111: Connection refused) while connecting to \
                     upstream, client: {client}, server: _, {request}, upstream: \
                     \"http://127.0.0.1:8000/healthcheck.html\""
                ),
            )),
            Some(true) if full => lines.push((
                at,
                format!(
                    "{stamp} [crit] 712#712: *{number} pwrite() \"/var/lib/nginx/proxy/{}\" failed (28: No space left on \
                     device) while reading upstream, client: {client}, server: _, {request}",
                    number % 100
                ),
            )),
            _ => {}
        }
    }
    if source.draw("buffered", start).is_multiple_of(180) {
        let at = source.moment("buffered", start, 10_000, 0);
        let stamp = time(at, "%Y/%m/%d %H:%M:%S");
        lines.push((
            at,
            format!(
                "{stamp} [warn] 712#712: *{} an upstream response is buffered to a temporary file \
                 /var/lib/nginx/proxy/4/00/0000000004 while reading upstream, client: 203.0.113.77, server: _",
                source.draw("connection", start) % 90_000
            ),
        ));
    }
    lines
}
