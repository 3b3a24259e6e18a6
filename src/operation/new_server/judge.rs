//! Whether a new server may be made at all: refused before anything begins.

use std::collections::BTreeSet;

use super::super::draft::Draft;
use super::super::refused::some;
use super::super::{Facts, Refused};
use crate::fleet::{Person, Role, Server, Standing};
use crate::recipe::build;

/// Refuses a second one of what an environment has one of, and a replica of nothing. Gives the primary's address where
/// one is needed.
pub(super) fn is_free(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    role: &Role,
) -> Result<Option<String>, Refused> {
    let environment = &facts.place.name;
    let all = facts.known("the servers are", &facts.snapshot.servers)?;
    let pending = all.values().filter(|server| {
        server.environment.as_ref() == Some(environment)
            && server.role.role == *role
            && server.role.standing == Standing::Pending
            && !server.is_gone()
    });
    let pending = some(pending.map(|server| &server.id));
    if !pending.is_empty() {
        draft.note(format!(
            "{pending} is tagged {role}-PENDING already: another run makes it, or one that failed has left it."
        ));
    }
    let there = facts.servers(std::slice::from_ref(role))?;
    draft.assume_servers(role, there.iter().map(|server| server.id.clone()).collect());
    if *role == Role::DbReplica {
        return primary(draft, facts).map(Some);
    }
    if matches!(role, Role::Worker | Role::Web) {
        return Ok(None);
    }
    let mut taken = there;
    match role {
        Role::DbPrimary => taken.extend(facts.servers(&[Role::Combo])?),
        Role::Combo => taken.extend(facts.servers(&[Role::DbPrimary])?),
        _ => {}
    }
    if taken.is_empty() {
        return Ok(None);
    }
    let at_stake = match role {
        Role::Cache => {
            "sessions and tasks are in it, and settings name its address: replace-cache-server brings both over"
        }
        _ => "the data are in it: a replica takes its place with promotion",
    };
    let there = some(taken.iter().map(|server| &server.role.role).collect::<BTreeSet<_>>());
    Err(Refused::State(format!(
        "{environment} has a {there} server in use, {}: {at_stake}. Once it is out of use, give its tag `role` the ending \
         -OLD, and ask again",
        some(taken.iter().map(|server| &server.id))
    )))
}

/// The one primary, by its private address.
fn primary(draft: &mut Draft<'_>, facts: &Facts<'_>) -> Result<String, Refused> {
    let environment = &facts.place.name;
    let found = facts.servers(&[Role::DbPrimary, Role::Combo])?;
    let primary: &Server = match found.as_slice() {
        [one] => one,
        [] => {
            return Err(Refused::State(format!(
                "{environment} has no db-primary in use, which a replica would copy: make it first, with --role db-primary"
            )));
        }
        several => {
            return Err(Refused::State(format!(
                "{environment} has several primaries, {}: which one a replica would copy is not clear. Give the tag `role` \
                 of the one out of use the ending -OLD",
                some(several.iter().map(|server| &server.id))
            )));
        }
    };
    draft.assume_servers(&primary.role.role, vec![primary.id.clone()]);
    draft.note(
        "Nothing reads from a new replica until the settings of worker and web servers name it: the next deploy writes \
         them.",
    );
    primary.private_address.clone().ok_or_else(|| {
        Refused::State(format!("{} has no private address, by which a replica would copy it", primary.id))
    })
}

/// What is wrong with PostgreSQL's settings and networks, and what is written otherwise than in the config.
pub(in super::super) fn database(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    role: &Role,
) -> Result<(), Refused> {
    if !matches!(role, Role::DbPrimary | Role::DbReplica | Role::Combo) {
        return Ok(());
    }
    let (layout, database) = (&facts.place.layout, &facts.place.build.database);
    if layout.database_user.is_empty() {
        return Err(Refused::State(
            "the config names no database user: write it into fabulaws-config.yml as `database_user`".into(),
        ));
    }
    let judged = build::settings(&database.settings);
    let networks = database.networks.iter().filter(|network| !is_network(network));
    let networks: Vec<String> = networks
        .map(|network| {
            format!("`{}` is no network, such as 10.0.0.0/8", crate::fleet::text::one_line(network))
        })
        .collect();
    let packages = database.packages.iter().filter(|package| !is_package(package));
    let packages: Vec<String> = packages
        .map(|package| format!("`{}` is no name of a package", crate::fleet::text::one_line(package)))
        .collect();
    let wrong: Vec<String> = judged.wrong.into_iter().chain(networks).chain(packages).collect();
    if !wrong.is_empty() {
        return Err(Refused::State(format!(
            "PostgreSQL cannot be set as the config has it: {}. Mend db_settings in fabulaws-config.yml",
            wrong.join("; ")
        )));
    }
    for told in judged.told {
        draft.note(format!("db_settings: {told}."));
    }
    Ok(())
}

fn is_network(network: &str) -> bool {
    let Some((address, bits)) = network.split_once('/') else { return false };
    let parts: Vec<&str> = address.split('.').collect();
    let most = if parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok()) {
        32
    } else if address.contains(':') && address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':') {
        128
    } else {
        return false;
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

pub(super) fn is_package(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric()) && name.bytes().all(fits)
}

/// Every secret is there and can be used, before anything starts.
pub(in super::super) fn secrets(facts: &Facts<'_>, role: &Role) -> Result<(), Refused> {
    let Some(site) = facts.site else { return Ok(()) };
    let wanted = build::secrets(role);
    let missing: Vec<&str> =
        wanted.iter().copied().filter(|name| !site.ground.secrets.contains(*name)).collect();
    if !missing.is_empty() {
        return Err(Refused::State(format!(
            "a {role} server wants {}, which has no value: write it into {}",
            missing.join(", "),
            site.secrets_file
        )));
    }
    match site.ground.unfit.iter().find(|(name, _)| wanted.contains(&name.as_str())) {
        None => Ok(()),
        Some((name, why)) => Err(Refused::State(format!(
            "{name} {why}: not every service takes such a password. Give it another value in {}",
            site.secrets_file
        ))),
    }
}

/// The people who work on it; refused where one of their keys is none.
pub(in super::super) fn people(draft: &mut Draft<'_>, facts: &Facts<'_>) -> Result<Vec<Person>, Refused> {
    let found = match facts.site.and_then(|site| site.ground.people.as_ref()) {
        Some(Ok(people)) => people.clone(),
        Some(Err(why)) => return Err(Refused::State(why.clone())),
        None => Vec::new(),
    };
    if found.is_empty() {
        draft.note(
            "The config names no people (ssh_keys): only whoever the image lets in can log in to the new server.",
        );
    }
    let deployer = &facts.place.layout.deploy_user;
    if let Some(one) = found.iter().find(|person| person.user == *deployer) {
        return Err(Refused::State(format!(
            "a file of keys is called {}, as the user who owns the code is: that user gets everybody's keys anyway. Give \
             the file another name",
            one.user
        )));
    }
    let groups = &facts.place.build.admin_groups;
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    match groups.iter().find(|group| group.is_empty() || !group.bytes().all(fits)) {
        None => Ok(found),
        Some(group) => Err(Refused::State(format!(
            "`{}` is no name of a group: small letters, digits, - and _. Mend admin_groups in fabulaws-config.yml",
            crate::fleet::text::one_line(group)
        ))),
    }
}

/// What is wrong with where logs go, and how they go there. Gives what the project does itself before that.
pub(in super::super) fn logs(draft: &mut Draft<'_>, facts: &Facts<'_>) -> Result<Option<String>, Refused> {
    let logs = &facts.place.build.logs;
    let wrong = |key: &str, value: &str, what: &str| {
        let value = crate::fleet::text::one_line(value);
        Refused::State(format!("`{value}` is {what}: mend `{key}` in fabulaws-config.yml"))
    };
    let is_host = |host: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        !host.is_empty() && host.bytes().all(fits)
    };
    if let Some(server) = &logs.syslog {
        let is_line = server.contains('@') && !server.contains(|c: char| c.is_control() && c != '\n');
        if !is_line && !is_host(server) {
            return Err(wrong(
                "syslog_server",
                server,
                "neither a host nor a line of rsyslog's with an @ in it",
            ));
        }
    }
    if let Some(host) = logs.gelf.as_ref().filter(|host| !is_host(host)) {
        return Err(wrong(
            "gelf_log_host",
            host,
            "no host, such as logs.example.com or logs.example.com:12201",
        ));
    }
    let is_id = |id: &&String| id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if let Some(id) = logs.cloudwatch_key.as_ref().filter(|id| !is_id(id)) {
        return Err(wrong("awslogs_access_key_id", id, "no id of an access key"));
    }
    let odd =
        |text: &str| text.contains(|c: char| c.is_control() || c.is_whitespace() || "\"\\,{}".contains(c));
    if let Some(file) = logs.files.iter().find(|file| !file.path.starts_with('/') || odd(&file.path)) {
        return Err(wrong("extra_log_files", &file.path, "no path of a file on a server"));
    }
    if let Some(file) = logs.files.iter().find(|file| file.tag.is_empty() || odd(&file.tag)) {
        return Err(wrong("extra_log_files", &file.tag, "no tag"));
    }
    if logs.gelf.is_some() {
        draft.note(
            "Logs go to gelf_log_host as GELF over UDP by rsyslog, in the place of FabulAWS's Logstash.",
        );
    }
    if logs.cloudwatch_key.is_some() {
        draft.note(
            "Logs go to CloudWatch by AWS's own agent, which neither Ubuntu nor Debian has: the new server fetches it from AWS.",
        );
    }
    if logs.syslog.is_none() {
        return Ok(None);
    }
    super::super::hooks::of_new(draft, facts, super::super::hooks::BEFORE_RSYSLOG)
}
