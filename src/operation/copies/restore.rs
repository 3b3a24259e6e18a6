//! restore-database: a backup takes the place of the environment's database, which is kept beside it.

use super::super::draft::Draft;
use super::super::on_servers::{job, root_job};
use super::super::{Facts, Options, Refused};
use super::relay::{over, taken_off};
use super::source::by_name;
use super::swap::Users;
use super::{LONG_S, Names, has_room, primary, servers_of, size};
use crate::fleet::{Role, Server};
use crate::plan::{Lasts, Step, Undo};
use crate::recipe::database::{self, Load};
use crate::recipe::manage;

pub(in super::super) fn plan(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
) -> Result<(), Refused> {
    let Some(file) = &options.backup else {
        return Err(Refused::Usage(
            "restore-database wants --backup: the file that backup-database has written, by its path on the primary".into(),
        ));
    };
    facts.all_current()?;
    let (layout, environment) = (&facts.place.layout, &facts.place.name);
    let primary = primary(facts, facts.place)?;
    let names = Names::of(facts)?;
    let users = Users::of(facts, primary)?;
    for server in users.databases() {
        // As large as what is there: a better guess nobody has before the file was looked at.
        let bytes = size(facts, &[primary]);
        has_room(draft, facts, server, "/var/lib/postgresql", bytes, "a second database")?;
    }
    draft.by_name();
    draft.title(format!("restore the database of {environment} from {file}"));
    draft.noticed("the maintenance page while names change and the site starts again, some minutes; loading is not noticed");
    told(draft, facts, file, &names, primary);
    Users::assume(draft, facts)?;

    let tight = options.overrides("little-room");
    let there = if options.servers.is_empty() {
        primary
    } else {
        let all = servers_of(facts, facts.place, &[Role::DbReplica, Role::DbPrimary, Role::Combo])?;
        by_name(&all, facts.place, &options.servers)?
    };
    let relayed = (there.id != primary.id).then(|| {
        draft.note(format!("The file is on {}, and goes over this machine to {}.", there.id, primary.id));
        over(draft, facts, there, primary, file, &[], size(facts, &[primary]), tight)
    });
    let loaded = load(facts, primary, file, &names, false, tight);
    let loaded = draft.add(Step { after: relayed.into_iter().collect(), ..loaded });
    let closed = users.close(draft, facts, &[loaded])?;
    let swapped = users.swap(draft, facts, &names, &closed.quiet);
    let mut ready = swapped;
    if let Some(worker) = users.workers.first().filter(|_| !options.no_migrate) {
        let migrate = job(
            worker,
            "migrate the database to the code that runs",
            "migrate",
            manage::migrate(layout),
            3_600,
        );
        ready = vec![draft.add(Step {
            after: ready,
            undo: Undo::Reverse("the old database comes back as it was, unmigrated".into()),
            ..migrate
        })];
    } else {
        draft.note("The database is not migrated: where the backup is older than the code, the site may fail by that.");
    }
    if relayed.is_some() {
        draft.add(Step { after: ready.clone(), ..taken_off(facts.place, primary, file) });
    }
    users.open(draft, facts, &closed, &ready);
    Ok(())
}

fn told(draft: &mut Draft<'_>, facts: &Facts<'_>, file: &str, names: &Names, primary: &Server) {
    let layout = &facts.place.layout;
    let since = made_at(file).map_or_else(
        || "the backup was made".to_owned(),
        |at| format!("{at}, when the backup was made by its name,"),
    );
    draft.note(format!(
        "Whatever was written since {since} is in {} only: the site does not have it any more.",
        names.before
    ));
    draft.note(format!(
        "The old database stays on {} as {}. When nobody wants it any more: sudo -u postgres dropdb {}",
        primary.id, names.before, names.before
    ));
    draft.note(
        "Undoing changes the names back and drops what was restored: what was written into it meanwhile is lost then.",
    );
    draft.note(format!(
        "Sessions, caches and tasks that wait stay as they are, and may name rows of {} that are no longer there.",
        layout.database
    ));
}

/// The step that loads a file into a database of its own.
pub(super) fn load(
    facts: &Facts<'_>,
    primary: &Server,
    file: &str,
    names: &Names,
    disown: bool,
    tight: bool,
) -> Step {
    let layout = &facts.place.layout;
    let told = Load { file, incoming: &names.incoming, disown, tight };
    Step {
        becomes: Some(format!("{}, which nobody uses yet", names.incoming)),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("what was loaded is dropped".into()),
        ..root_job(
            primary,
            "load it into a database of its own, and see that it is whole",
            "load",
            database::load(layout, &told),
            Some(database::drop(layout, &names.incoming)),
            LONG_S,
        )
    }
}

/// When a backup was made, by the name that it was given.
fn made_at(file: &str) -> Option<String> {
    let name = file.rsplit('/').next()?;
    let stem = name.strip_suffix(".gpg").unwrap_or(name).strip_suffix(".dump")?;
    let at = stem.rsplit('-').next()?;
    let (day, time) = at.split_once('T')?;
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(day, 8) || !digits(time, 6) {
        return None;
    }
    Some(format!("{}-{}-{} {}:{} UTC", &day[..4], &day[4..6], &day[6..], &time[..2], &time[2..4]))
}
