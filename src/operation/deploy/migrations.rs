//! What a deploy means for the database's schema (R13).

use super::super::code::Code;
use super::super::draft::Draft;
use super::super::facts::stays;
use super::super::refused::some;
use super::super::{Facts, Options, Refused};
use crate::fleet::{Changeset, Role};
use crate::repo::{Between, Danger, Migration};

/// The step's title where the new code has no migration that the old has not.
pub(super) const NOTHING_NEW: &str = "migrate: nothing new";

/// How code and schema meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    /// Old web servers go on with the new schema.
    OldCodeGoesOn,
    /// Nobody serves while it is migrated.
    Nobody,
}

/// The changeset that the database was migrated to, as far as can be told: a worker's, for workers migrate; else the
/// oldest that a web server runs, for a group may launch already what was never deployed; else what the group launches.
pub(in super::super) fn schema_of(facts: &Facts<'_>) -> Option<Changeset> {
    let workers = facts.servers(&[Role::Worker, Role::Combo]).ok()?;
    let measured = workers.iter().find_map(|server| facts.snapshot.measured(&server.id)?.code());
    measured.map(|code| Changeset::new(&code.changeset)).or_else(|| {
        let group = facts.group().ok()?;
        let launched =
            group.members.iter().filter(|member| stays(member)).filter_map(|member| member.launch.as_ref());
        let run = launched.map(|launch| facts.snapshot.release_of_launch(launch));
        let oldest = run.filter(|release| release.changeset.is_some()).min_by_key(|release| release.made_at);
        oldest.and_then(|release| release.changeset).or_else(|| {
            let launch = facts.snapshot.current_launch(group)?;
            facts.snapshot.release_of_launch(&launch).changeset
        })
    })
}

/// What to say of the schema, and whether this is refused. Gives what the step that migrates is called.
pub(super) fn look(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    to: &Code,
    meeting: Meeting,
) -> Result<String, Refused> {
    let from = schema_of(facts);
    let untold = from.as_ref().and_then(|from| facts.repo?.untold(from, &to.changeset));
    let known = from.and_then(|from| {
        if from.is_same(&to.changeset) {
            return Some(Between {
                from: from.clone(),
                to: from,
                commits: vec![],
                gained: vec![],
                lost: vec![],
            });
        }
        facts.repo?.between(&from, &to.changeset).cloned()
    });
    let Some(between) = known else {
        const HARM: &str = "one that drops or renames something, or adds a NOT NULL column, breaks servers that still \
                            run the old code.";
        match untold {
            // A clone that lacks one of them is told to fetch.
            Some(why) => {
                draft.note(format!("Which migrations lie between is not known: {why}. Look at them: {HARM}"));
            }
            None => {
                draft.note(format!(
                    "Which migrations lie between is not known without the repository: {HARM}"
                ));
            }
        }
        if !options.no_migrate {
            draft.cannot_undo("migrations, if there are any: the schema stays as migrated");
        }
        return Ok("migrate".into());
    };
    lost(draft, &between)?;
    if options.no_migrate {
        if !between.gained.is_empty() {
            let names = some(between.gained.iter().map(|migration| &migration.name));
            draft.note(format!("The new code runs on the old schema: {names} left out by --no-migrate."));
        }
        return Ok(String::new());
    }
    if between.gained.is_empty() {
        return Ok(NOTHING_NEW.into());
    }
    let names = some(between.gained.iter().map(|migration| &migration.name));
    if meeting == Meeting::OldCodeGoesOn {
        breaks_old_code(draft, &between)?;
    }
    let unclear: Vec<&str> =
        between.gained.iter().filter(|m| m.unclear).map(|migration| migration.name.as_str()).collect();
    if !unclear.is_empty() {
        draft.note(format!(
            "Look at {}: SQL or Python of its own, whose effect cannot be told.",
            some(unclear)
        ));
    }
    draft.cannot_undo(format!("migrations {names}: the schema stays as migrated"));
    Ok(format!("migrate: {names}"))
}

/// R13: servers that still run the old code meet the new schema.
fn breaks_old_code(draft: &mut Draft<'_>, between: &Between) -> Result<(), Refused> {
    let Some(dangers) = dangers(&between.gained) else { return Ok(()) };
    draft.refuse_unless(
        "breaking-migrations",
        format!(
            "Web servers that still run {} break on the new schema: {dangers}. Use deploy-full, which shows the \
             maintenance page meanwhile",
            between.from.short()
        ),
    )
}

/// Code goes back, the schema does not.
fn lost(draft: &mut Draft<'_>, between: &Between) -> Result<(), Refused> {
    if between.lost.is_empty() {
        return Ok(());
    }
    let names = some(between.lost.iter().map(|migration| &migration.name));
    draft.note(format!(
        "The code goes back behind {names}; the schema does not: {} runs on the newer schema.",
        between.to.short()
    ));
    let Some(dangers) = dangers(&between.lost) else { return Ok(()) };
    draft.refuse_unless(
        "newer-schema",
        format!(
            "{} does not fit the schema that there is: {dangers}. Migrate back by hand first, or go forward with a fix",
            between.to.short()
        ),
    )
}

fn dangers(migrations: &[Migration]) -> Option<String> {
    let told: Vec<String> = migrations
        .iter()
        .filter(|migration| !migration.dangers.is_empty())
        .map(|migration| {
            let what: Vec<String> = migration.dangers.iter().map(Danger::words).collect();
            format!("{} {}", migration.name, what.join(", "))
        })
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}
