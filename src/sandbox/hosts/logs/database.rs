//! PostgreSQL.

use super::{Lines, Source, time};
use crate::sandbox::hosts::truth::database::{position, spelled};
use crate::sandbox::waves::daily;

const CHECKPOINT: i64 = 300_000;
/// A replica that lags cancels a query so often.
const CONFLICT: i64 = 7 * 60_000;

pub(super) fn postgresql(source: &Source, start: i64) -> Lines {
    let replica = source.host.role.word() == "db-replica";
    let mut lines = Vec::new();
    let line = |at: i64, pid: u64, text: String| {
        (at, format!("{} [{pid}] {text}", time(at, "%Y-%m-%d %H:%M:%S.%3f UTC")))
    };
    let pid = |what: &str| source.draw(what, source.host.booted_at()) % 600 + 700;
    let offset = i64::try_from(source.draw("checkpoint", 0) % 240_000).unwrap_or(0);
    for turn in [(start - offset).div_euclid(CHECKPOINT), (start - offset).div_euclid(CHECKPOINT) + 1] {
        let at = turn * CHECKPOINT + offset;
        let buffers = 300 + source.draw("checkpoint", turn) % 4_000;
        let word = if replica { "restartpoint" } else { "checkpoint" };
        lines.push(line(at, pid("checkpointer"), format!("LOG:  {word} starting: time")));
        // It ends in a span of its own.
        let done = at - 31_000;
        let behind = spelled(position(source.host.load, done - 200_000));
        lines.push(line(
            done,
            pid("checkpointer"),
            format!(
                "LOG:  {word} complete: wrote {buffers} buffers ({}.{}%); 0 WAL file(s) added, 0 removed, 2 recycled; \
                 write=269.{:03} s, sync=0.012 s, total=269.{:03} s; lsn={}, redo lsn={behind}",
                buffers / 163,
                buffers % 10,
                buffers % 1_000,
                buffers % 1_000,
                spelled(position(source.host.load, done))
            ),
        ));
    }
    let busy = daily(start.div_euclid(60_000));
    if source.dice.unit(&format!("slow {}", source.host.id), start.cast_unsigned()) < 0.25 * busy {
        let at = source.moment("slow", start, 20_000, 0);
        let luck = source.draw("slow of", start);
        let statement = [
            "SELECT count(*) FROM survey_answer WHERE survey_id = $1",
            "UPDATE django_session SET session_data = $1, expire_date = $2 WHERE session_key = $3",
            "SELECT id, title FROM survey_survey WHERE owner_id = $1 ORDER BY changed DESC LIMIT 50",
        ][usize::try_from(luck % if replica { 1 } else { 3 }).unwrap_or(0)];
        let text = format!(
            "LOG:  duration: {}.{:03} ms  execute <unnamed>: {statement}",
            250 + luck % 1_400,
            luck % 1_000
        );
        lines.push(line(at, 2_000 + luck % 20_000, text));
    }
    if let Some(trouble) = source.host.trouble("replica-lagging") {
        let turn = (start - trouble.since).div_euclid(CONFLICT);
        for turn in [turn, turn + 1].into_iter().filter(|turn| *turn > 0) {
            let at = trouble.since + turn * CONFLICT;
            let wal = spelled(position(source.host.load, at));
            let other = 2_000 + source.draw("conflict", turn) % 20_000;
            lines.extend([
                line(at - 9_000, pid("startup"), "LOG:  recovery still waiting after 1000.131 ms: recovery conflict on snapshot".to_owned()),
                line(at - 9_000, pid("startup"), "DETAIL:  Conflicting process: 8123.".to_owned()),
                line(at - 9_000, pid("startup"), format!("CONTEXT:  WAL redo at {wal} for Heap2/PRUNE: snapshotConflictHorizon 88231 nredirected 0 ndead 4")),
                line(at, other, "ERROR:  canceling statement due to conflict with recovery".to_owned()),
                line(at, other, "DETAIL:  User query might have needed to see row versions that must be removed.".to_owned()),
                line(at, other, "STATEMENT:  SELECT survey_id, count(*) FROM survey_answer GROUP BY survey_id".to_owned()),
            ]);
        }
    }
    lines.retain(|(at, _)| (start..start + 20_000).contains(at));
    lines
}
