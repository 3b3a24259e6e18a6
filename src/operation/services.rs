//! The files of services that go with settings: which are written, and of whose templates.

use super::draft::Draft;
use super::refused::some;
use super::{Facts, Opt, Options, Refused};
use crate::fleet::ServiceFile;
use crate::template::Source;

/// Whose templates they are.
pub(super) fn origins(files: &[&(ServiceFile, Source)]) -> String {
    let of = |ours: bool| {
        let mut names: Vec<&str> =
            files.iter().filter(|(_, one)| one.ours == ours).map(|(file, _)| file.template()).collect();
        names.retain(|name| *name != ServiceFile::OwnAddresses.template());
        names.dedup();
        names.join(", ")
    };
    match (of(false), of(true)) {
        (theirs, ours) if theirs.is_empty() => format!("of Quarterdeck's templates {ours}"),
        (theirs, ours) if ours.is_empty() => format!("of the project's templates {theirs}"),
        (theirs, ours) => format!("of the project's templates {theirs}; of Quarterdeck's {ours}"),
    }
}

/// The files of services that are written, and their templates.
pub(super) fn services(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
) -> Result<Vec<(ServiceFile, Source)>, Refused> {
    let all = facts.site.map(|site| site.services.as_slice()).unwrap_or_default();
    if options.no_services {
        draft.note(
            "The files of Supervisor, PgBouncer, Stunnel and Nginx stay as they are: where the databases are others by \
             now, their ports may not fit the settings.",
        );
        return Ok(Vec::new());
    }
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for (file, source) in all {
        match source {
            Ok(source) => good.push((*file, source.clone())),
            Err(why) => bad.push(why.as_str()),
        }
    }
    if !bad.is_empty() {
        bad.dedup();
        draft.refuse_unless(
            "old-services",
            format!(
                "files of services cannot be written: {}. Those on the servers would stay as they are",
                some(bad)
            ),
        )?;
        return Ok(Vec::new());
    }
    let unknown = |(file, source): &(ServiceFile, Source)| {
        (!source.unknown.is_empty())
            .then(|| format!("{} asks for {}", file.template(), some(&source.unknown)))
    };
    let unknown: Vec<String> = good.iter().filter_map(unknown).collect();
    if !unknown.is_empty() {
        draft.note(format!("{}, which nobody knows: nothing will stand there.", unknown.join("; ")));
    }
    if good.iter().any(|(_, source)| source.ours) {
        let leaves = if draft.takes(Opt::NoServices) { "; --no-services leaves them alone" } else { "" };
        draft.note(format!(
            "Files of services are made of Quarterdeck's own templates where the project has none beside that of its \
             settings. What was changed in them by hand on a server does not last{leaves}.",
        ));
    }
    Ok(good)
}
