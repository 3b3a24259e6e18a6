//! backup-database: the environment's database as a file on a database server, whole and read to its end before it counts.

use super::super::draft::Draft;
use super::super::on_servers::root_job;
use super::super::{Facts, Options, Refused};
use super::source::Source;
use super::{LONG_S, has_room};
use crate::fleet::words;
use crate::plan::{Lasts, Step, Undo};
use crate::recipe::database::{self, BACKUPS, Dump};

pub(in super::super) fn plan(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
) -> Result<(), Refused> {
    facts.current("the servers were", &facts.snapshot.servers)?;
    let layout = &facts.place.layout;
    if options.keep == Some(0) {
        return Err(Refused::Usage("--keep 0 would delete the new backup, too: keep at least 1".into()));
    }
    let source = Source::of(draft, facts, facts.place, &options.servers)?;
    let to = options.to.as_deref().unwrap_or(BACKUPS);
    let sealed = if layout.backup_key.is_empty() { "" } else { ".gpg" };
    let name = format!("{}-{}.dump{sealed}", layout.database, facts.now.strftime("%Y%m%dT%H%M%S"));
    let file = format!("{to}/{name}");
    // Encrypted, it is there twice for a while.
    let needed = source.bytes.map(|bytes| if sealed.is_empty() { bytes } else { bytes.saturating_mul(2) });
    has_room(draft, facts, source.server, to, needed, "a backup")?;
    draft.title(format!("write a backup of {} into {file} on {}", layout.database, source.server.id));
    draft.note(format!("It is taken from {}.", source.told()));
    draft.note(if sealed.is_empty() {
        "It is not encrypted: backup_key_fingerprint is not in fabulaws-config.yml. Only postgres and root of that server can \
         read it."
            .to_owned()
    } else {
        format!(
            "It is encrypted for {} (backup_key_fingerprint), whose public key has to be among root's keys on {}; to restore it, \
             decrypt it where the private key is.",
            layout.backup_key, source.server.id
        )
    });
    draft.note(
        "A backup on the disk of a database goes with it: copy it elsewhere, and try now and then whether it can be restored.",
    );
    if let Some(keep) = options.keep {
        draft.cannot_undo(format!(
            "backups of {} in {to} that are older than the newest {} are deleted",
            layout.database,
            words::count(u64::from(keep), "backup")
        ));
    }
    let dump = Dump {
        to,
        name: &name,
        key: &layout.backup_key,
        most_behind: source.most_behind,
        tight: options.overrides("little-room"),
        keep: options.keep,
    };
    draft.add(Step {
        becomes: Some(file.clone()),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("the backup is deleted".into()),
        ..root_job(
            source.server,
            "dump the database, read the file to its end, and note its sha256",
            "dump",
            database::dump(layout, &dump),
            Some(database::forget(layout, &file)),
            LONG_S,
        )
    });
    Ok(())
}
