//! unlock-and-mount: data volumes that are locked with a passphrase are opened after a boot, and what needs them starts.

use super::draft::{Draft, step};
use super::refused::some;
use super::{Facts, Options, Refused};
use crate::fleet::{Role, Server, words};
use crate::plan::typed::PASSPHRASE;
use crate::plan::{Action, HostJob, InstanceRef, JobFile, Step, StepId, TextOf, Undo};
use crate::recipe::build;

/// R10: who is opened at the same time, and before whom.
const ORDER: [&[Role]; 3] =
    [&[Role::DbPrimary, Role::Cache, Role::Combo], &[Role::DbReplica], &[Role::Web, Role::Worker]];

/// Opens them in that order.
pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    facts.current("the servers were", &facts.snapshot.servers)?;
    let environment = &facts.place.name;
    if options.servers.is_empty() && !facts.place.build.fs_encrypt {
        return Err(Refused::State(format!(
            "volumes of {environment} are not locked with a passphrase (`fs_encrypt` in fabulaws-config.yml is off), and so \
             open by themselves. Where some servers are older than that setting, name them with --servers"
        )));
    }
    let roles: Vec<Role> = ORDER.concat();
    let all = if options.servers.is_empty() {
        facts.servers(&roles)?
    } else {
        facts.named(&options.servers, &roles)?
    };
    let (members, servers): (Vec<&Server>, Vec<&Server>) =
        all.into_iter().partition(|server| server.group.is_some());
    if !members.is_empty() {
        let members = some(members.iter().map(|server| &server.id));
        if !options.servers.is_empty() {
            return Err(Refused::State(format!(
                "{members} belong to a group, which ends servers that boot locked (R10): they are none of those. Leave them \
                 out"
            )));
        }
        draft.note(format!("{members} belong to a group, and are never locked (R10): they are left out."));
    }
    if servers.is_empty() {
        return Err(Refused::State(format!("{environment} has no server in use that could be locked")));
    }
    let count = words::count(u64::try_from(servers.len()).unwrap_or(u64::MAX), "server");
    draft.title(format!("open and mount the data volumes of {count}"));
    draft.goes_on();
    draft.cannot_undo("a volume that was opened stays open until its server boots again");
    let file = passphrase(draft, facts);
    let mut before: Vec<StepId> = Vec::new();
    for roles in ORDER {
        let mut these = Vec::new();
        for server in servers.iter().filter(|server| roles.contains(&server.role.role)) {
            these.push(draft.add(Step { after: before.clone(), ..opening(server, &file) }));
        }
        if !these.is_empty() {
            before = these;
        }
    }
    Ok(())
}

/// Where the passphrase comes from: the file of secrets, as FabulAWS has it, else whoever runs this.
fn passphrase(draft: &mut Draft<'_>, facts: &Facts<'_>) -> JobFile {
    let known = facts.site.filter(|site| site.ground.secrets.contains(PASSPHRASE));
    let of = if let Some(site) = known {
        draft.note(format!("The passphrase is {PASSPHRASE} of {}.", site.secrets_file));
        TextOf::Secret { name: PASSPHRASE.into() }
    } else {
        draft.note("The passphrase is asked for before this begins, goes to the servers on standard input, and is kept nowhere.");
        TextOf::Typed { name: PASSPHRASE.into(), anew: false }
    };
    JobFile { of, variable: PASSPHRASE.into(), environment: facts.place.name.clone() }
}

fn opening(server: &Server, file: &JobFile) -> Step {
    let (role, id) = (&server.role.role, &server.id);
    let part = build::unlock(role);
    let job = HostJob {
        server: InstanceRef::Known(id.clone()),
        name: part.name.into(),
        script: part.script,
        user: Some("root".into()),
        files: vec![file.clone()],
        back: None,
        names_server: true,
    };
    Step {
        undo: Undo::Nothing,
        deadline_s: part.deadline_s,
        ..step(&format!("{role} {id}"), part.title, id.as_str(), Action::Job(Box::new(job)))
    }
}
