//! replace-certificate: which certificate the load balancers' HTTPS listeners serve.

use super::certificates::{form, judge};
use super::draft::{Draft, step};
use super::registration::asked;
use super::{Facts, Options, Refused};
use crate::fleet::Listener;
use crate::plan::{Action, Assignment, Fact, Setting, Step, Undo, Value};

/// Whether a listener shows users a certificate.
fn shows_one(listener: &Listener) -> bool {
    matches!(listener.protocol.as_str(), "HTTPS" | "SSL")
}

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let environment = &facts.place.name;
    let Some(given) = &options.certificate else {
        return Err(Refused::Usage(format!(
            "replace-certificate wants --certificate ARN: `quarterdeck certificates {environment}` lists those there are"
        )));
    };
    let arn = form(facts, given)?;
    let balancers = asked(facts, options)?;
    facts.current("the load balancers were", &facts.snapshot.load_balancers)?;
    let mut served = 0;
    let mut all = Vec::new();
    for balancer in balancers {
        for listener in balancer.listeners.iter().filter(|one| shows_one(one)) {
            served += 1;
            if listener.certificate.as_ref() != Some(&arn) {
                all.push((balancer, listener));
            }
        }
    }
    if served == 0 {
        return Err(Refused::State(format!(
            "no load balancer of {environment} has an HTTPS listener: there is nothing that would serve a certificate"
        )));
    }
    if all.is_empty() {
        return Err(Refused::Nothing(format!("{arn} is served already: nothing to do")));
    }
    let label = judge(draft, facts, &arn)?;
    draft.title(format!("serve the certificate of {label}"));
    draft.noticed("who connects from then on is shown the new certificate; connections there are go on");
    for (balancer, listener) in all {
        let (name, port) = (&balancer.name, listener.port);
        let setting = Setting::Certificate { balancer: name.clone(), port };
        let before = listener.certificate.clone();
        if let Some(before) = &before {
            let (fact, value) = (Fact::Setting(setting.clone()), Value::Certificate(before.clone()));
            draft.assume(fact, value, &facts.snapshot.load_balancers);
        }
        let action =
            Action::Set { settings: vec![Assignment { setting, to: Value::Certificate(arn.clone()) }] };
        draft.add(Step {
            before,
            becomes: Some(arn.clone()),
            undo: Undo::Restore,
            ..step("load balancers", format!("replace the certificate on {port}"), name.as_str(), action)
        });
    }
    Ok(())
}
