//! The lanes of servers that belong to no group. Addresses are known from their launch on, so that nobody waits for a whole
//! server who only has to know where it will be.

use super::super::draft::Draft;
use super::super::new_server::{App, Build, judge};
use super::super::{Facts, Options, Refused};
use super::Missing;
use crate::fleet::{Person, Role, Server};
use crate::plan::{Address, Lasts};

/// The lane of each.
pub(super) fn lanes(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    people: &[Person],
    missing: Vec<Missing>,
) -> Result<(), Refused> {
    let before_logs = judge::logs(draft, facts)?;
    let there = facts.servers(&[Role::DbPrimary, Role::Combo])?;
    let known = |server: &&Server| server.private_address.clone().map(Address::Known);
    let mut primary = there.first().and_then(known);
    let (mut whole, mut cache) = (None, None);
    for Missing { role, server, zone } in missing {
        let lane = role.word();
        let app = match role {
            Role::Worker => Some(App::of(draft, facts, options, &role, 1)?),
            _ => None,
        };
        let build = Build {
            facts,
            role: &role,
            people,
            primary: primary.as_ref(),
            app: app.as_ref(),
            before_logs: before_logs.as_deref(),
            lasts: Lasts::Stays,
        };
        let made = build.server(draft, lane, server, &zone.zone);
        match role {
            Role::DbPrimary => {
                primary = Some(Address::later(made.slot.clone()));
                whole = Some(made.used);
            }
            // R12: there is nothing to copy before the primary is whole.
            Role::DbReplica => draft.wait(lane, "copy", whole),
            Role::Cache => cache = Some(made.used),
            Role::Worker => {
                let launched = draft.launches();
                draft.wait(lane, "settings", launched);
                draft.wait(lane, "migrate", whole);
                draft.wait(lane, "celery-start", cache);
            }
            _ => {}
        }
        if role != Role::Worker {
            draft.arrives(&role, made.slot, made.launched);
        }
    }
    Ok(())
}
