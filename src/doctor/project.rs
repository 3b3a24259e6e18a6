//! The project's files: config, secrets, templates, hooks.

use super::{Examined, Finding, FindingSeverity, ProjectProblem};
use crate::fleet::words::count;
use crate::fleet::{Role, Server};
use crate::template::Source;

/// The most lines of the config that are told.
const MOST: usize = 10;

/// What `config check` says, as one finding of each kind: it has the whole list.
pub(super) fn config(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(project) = examined.patient.project else { return Vec::new() };
    let of = |errors: bool| {
        let is_meant = |problem: &&ProjectProblem| problem.is_error == errors;
        project.problems.iter().filter(is_meant).map(|problem| problem.text.clone()).collect::<Vec<_>>()
    };
    let kinds = [(FindingSeverity::Bad, "error", of(true)), (FindingSeverity::Warning, "warning", of(false))];
    let mut found: Vec<Finding> = Vec::new();
    for (severity, word, mut evidence) in kinds {
        if evidence.is_empty() {
            continue;
        }
        let what = format!("The config has {}", count(evidence.len() as u64, word));
        let more = evidence.len().saturating_sub(MOST);
        evidence.truncate(MOST);
        if more > 0 {
            evidence.push(format!("and {more} more"));
        }
        let cure = "Mend the lines; `quarterdeck config check` lists them all, and looks again";
        found.push(Finding { evidence, ..Finding::not_good(severity, what, cure) });
    }
    if found.is_empty() {
        found.push(Finding::good("the config has neither errors nor warnings"));
    }
    found
}

/// Secrets that the config names.
pub(super) fn secrets(examined: &Examined<'_>) -> Vec<Finding> {
    let (Some(site), Some(project)) = (examined.patient.site, examined.patient.project) else {
        return Vec::new();
    };
    if site.missing.is_empty() {
        let all = count(project.secrets as u64, "secret");
        return vec![Finding::good(format!("{all} of `password_names` with a value"))];
    }
    let file = &site.secrets_file;
    let state = if project.secrets_file.is_some() { "has none of these names" } else { "does not exist" };
    vec![
        Finding::bad(
            format!("No value of {}: settings cannot be written", site.missing.join(", ")),
            format!("Write each into {file} as `name = 'value'`, and `chmod 600 {file}`"),
        )
        .seen(format!("{file} {state}")),
    ]
}

/// R16: secrets here and in the settings of servers.
pub(super) fn drift(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(site) = examined.patient.site else { return Vec::new() };
    let Some(drift) = site.drift.as_ref().filter(|drift| !drift.servers.is_empty()) else {
        return Vec::new();
    };
    let environment = &examined.patient.place.name;
    let differing = drift.differing();
    let silent: Vec<String> = drift
        .silent()
        .map(|(server, why)| format!("{} {} did not tell: {why}", server.role, server.id))
        .collect();
    if differing.is_empty() {
        let asked = drift.servers.len() - silent.len();
        if asked == 0 {
            let what = "Whether secrets here are those of the servers is not known";
            let cure =
                format!("See why they do not tell, and ask again: quarterdeck secrets check {environment}");
            return vec![Finding { evidence: silent, ..Finding::unknown(what, cure) }];
        }
        let of = count(asked as u64, "server");
        return vec![Finding {
            evidence: silent,
            ..Finding::good(format!("no secret differs in settings of {of}"))
        }];
    }
    let names: Vec<&str> = differing.keys().copied().collect();
    let where_it_is = differing.iter().map(|(name, servers)| {
        let servers: Vec<String> =
            servers.iter().map(|server| format!("{} {}", server.role, server.id)).collect();
        format!("{name} is another one on {}", servers.join(", "))
    });
    let evidence = where_it_is.chain(silent).take(MOST).collect();
    let cure = format!(
        "Where the servers are right: quarterdeck secrets pull {environment}. Where {} is: quarterdeck apply push-secrets \
         {environment}",
        site.secrets_file
    );
    let what = format!("Secrets here differ from the servers': {}", names.join(", "));
    vec![Finding { evidence, ..Finding::warning(what, cure) }]
}

/// Who else can see the file of secrets.
pub(super) fn secrets_file(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(file) = examined.patient.project.and_then(|project| project.secrets_file.as_ref()) else {
        return Vec::new();
    };
    let path = &file.path;
    let mut found: Vec<Finding> = file
        .problems
        .iter()
        .map(|problem| {
            let cure = "Write it as a plain `name = 'value'`; nothing in that file is executed";
            Finding::warning(format!("Something in {path} was not read"), cure).seen(problem)
        })
        .collect();
    if let Some(mode) = file.mode.filter(|mode| mode & 0o077 != 0) {
        let what = format!("Others on this machine can read {path}");
        found.push(Finding::bad(what, format!("chmod 600 {path}")).seen(format!("its mode is {mode:04o}")));
    }
    match file.is_ignored {
        Some(false) => found.push(
            Finding::bad(
                format!("git would commit {path}, or has already"),
                "Add it to .gitignore; if it was ever committed, choose new secrets",
            )
            .seen("git check-ignore does not know it"),
        ),
        None => found.push(Finding::unknown(
            format!("Whether git leaves {path} alone is not known"),
            "See to it that the file never enters a repository",
        )),
        Some(true) => {}
    }
    if found.is_empty() {
        found.push(Finding::good(format!("{path} is for its owner alone, and git ignores it")));
    }
    found
}

/// The templates of the settings and of the files of services.
pub(super) fn templates(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(site) = examined.patient.site else { return Vec::new() };
    let mut found = Vec::new();
    let mut usable = 0_u64;
    let mut judge = |source: &Result<Source, String>, what: &str| match source {
        Err(why) => found.push(
            Finding::bad(
                format!("{what} cannot be written"),
                "Mend what stands there; deploys refuse until then",
            )
            .seen(why),
        ),
        Ok(source) if !source.unknown.is_empty() => {
            let names = source.unknown.join(", ");
            found.push(Finding::warning(
                format!("{} asks for {names}, which nobody has: nothing will stand there", source.template),
                "Correct the name, add the key to the config, or the secret to its file",
            ));
        }
        Ok(_) => usable += 1,
    };
    match &site.settings {
        Some(source) => judge(source, "The settings"),
        None => judge(&Err("the config names no `localsettings_template`".to_owned()), "The settings"),
    }
    for (file, source) in &site.services {
        judge(source, &format!("The file of {}", file.template()));
    }
    if found.is_empty() {
        found.push(Finding::good(format!("{} can be used", count(usable, "template"))));
    }
    found
}

/// R20: what FabulAWS would run is never run here; an executable takes its place.
pub(super) fn hooks(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(site) = examined.patient.site else { return Vec::new() };
    let missing = site.hooks.iter().filter(|hook| !hook.is_replaced).map(|hook| {
        Finding::warning(
            format!("Nothing replaces the task {} of the fabfile", hook.name),
            format!("Write an executable {} that does the same, without Python's Fabric", hook.path),
        )
        .seen(format!("it stands at {}", hook.at))
    });
    let mut found: Vec<Finding> = missing.collect();
    if found.is_empty() {
        let what = match site.hooks.len() {
            0 => "the fabfile has no hooks".to_owned(),
            n => format!("{} of the fabfile with a replacement", count(n as u64, "hook")),
        };
        found.push(Finding::good(what));
    }
    found
}

/// R10: a locked volume wants somebody to type its passphrase, and a group has nobody.
pub(super) fn encryption(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(project) = examined.patient.project else { return Vec::new() };
    let Some(group) = &examined.patient.place.group else { return Vec::new() };
    if !project.uses_luks {
        return vec![Finding::good(format!("servers of {group} boot without a passphrase"))];
    }
    vec![
        Finding::bad(
            format!(
                "Servers of {group} boot locked, fail their health check, and are replaced again and again"
            ),
            "Take `fs_encrypt` out of `instance_settings`, write `ebs_encrypt: true`, and make a new release",
        )
        .seen("`fs_encrypt` (LUKS) is on, and `auto_scaling_groups` names a group"),
    ]
}

/// What servers of each role would be launched with.
pub(super) fn roles(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(project) = examined.patient.project else { return Vec::new() };
    let environment = &examined.patient.place.name;
    let mut found = Vec::new();
    for role in &project.roles {
        let lacks = [
            (role.instance_type.is_none(), "`instance_types`"),
            (role.volume_size.is_none(), "`volume_sizes`"),
            (!role.has_security_group, "`security_groups`"),
        ];
        let keys: Vec<&str> = lacks.into_iter().filter(|(lacks, _)| *lacks).map(|(_, key)| key).collect();
        if !keys.is_empty() {
            found.push(Finding::bad(
                format!("No server of role {} can be launched in {environment}", role.role),
                format!("Give it a row in {}", keys.join(", ")),
            ));
        }
        let other = |server: &&&Server| Some(&server.instance_type) != role.instance_type.as_ref();
        let there = examined.of_roles(std::slice::from_ref(&role.role));
        // The group's own are as its launch settings say, and these may be ahead of the config.
        if let (Some(wanted), Some(server)) = (&role.instance_type, there.iter().find(other))
            && role.role != Role::Web
        {
            found.push(
                Finding::warning(
                    format!("The {} is of another type than the config says", role.role),
                    "Correct `instance_types`, or replace the server by one of that type",
                )
                .seen(format!("{} is {}, the config says {wanted}", server.id, server.instance_type)),
            );
        }
    }
    if found.is_empty() && !project.roles.is_empty() {
        found.push(Finding::good(format!(
            "{} with type, size and security groups",
            count(project.roles.len() as u64, "role")
        )));
    }
    found
}
