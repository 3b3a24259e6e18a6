//! `secrets set`: what somebody types, or another program prints, comes into the file of secrets and nowhere else.

use std::collections::BTreeMap;
use std::io::Write;

use super::{not_committed, note};
use crate::cli::args::Globals;
use crate::cli::exit::{Exit, Stop};
use crate::cli::operate::typed;
use crate::cli::{target, text};
use crate::config::secrets::{NEXT, Secret};
use crate::fleet::ServiceFile;
use crate::operation;
use crate::plan::typed::Wanted;
use crate::recipe::build::REPOSITORY_KEY;
use crate::template::NEW_RELIC;

/// Asks for each, and writes them.
pub(crate) async fn run(
    globals: &Globals,
    environment: &str,
    names: &[String],
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    if globals.sandbox {
        return Err(Stop::Refused(
            "The sandbox has no project, and so no secrets: leave out --sandbox".into(),
        ));
    }
    if globals.read_only {
        return Err(Stop::Refused("--read-only: nothing is written".into()));
    }
    let (templates, topology) = target::files(globals)?;
    let place = operation::place(&topology, environment)?;
    let known = known(templates.known(environment).into_iter().map(|one| one.name));
    for name in names {
        if !known.contains(name)
            && !name.strip_suffix(NEXT).is_some_and(|name| known.iter().any(|one| one == name))
        {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            return Err(Stop::Usage(format!(
                "{} A new one belongs into `password_names` of the config first",
                text::no_such("secret", name, &known)
            )));
        }
    }
    let file = templates.file_of_secrets(place.name.as_str());
    not_committed(&file).await?;
    let wanted = names.iter().map(|name| Wanted { name: name.clone(), anew: false }).collect();
    let typed = typed::ask(wanted).await?;
    let new: BTreeMap<String, Secret> = names
        .iter()
        .filter_map(|name| Some((name.clone(), Secret::new(typed.get(name)?.to_owned()))))
        .collect();
    let kept = templates.keep(environment, &new, &note(jiff::Timestamp::now())).map_err(Stop::Failed)?;
    writeln!(out, "{} has {}", file.display(), names.join(", "))?;
    if let Some(kept) = kept {
        writeln!(out, "What it was is kept in {}: remove that once nobody wants it", kept.display())?;
    }
    Ok(Exit::Done)
}

/// Names that somebody reads: those of the project, and those that are optional everywhere.
fn known(of_project: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = of_project.collect();
    let of_files = ServiceFile::ALL.iter().flat_map(|file| file.secrets());
    let more = of_files.copied().chain([NEW_RELIC, REPOSITORY_KEY]);
    for name in more {
        if !all.iter().any(|one| one == name) {
            all.push(name.to_owned());
        }
    }
    all
}
